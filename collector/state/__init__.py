"""State: where checkpoints are kept.

Promise: a checkpoint never moves backwards; a reader that lost a partition cannot write its checkpoint any more. Both
stores speak the Azure SDK's ``CheckpointStore`` interface, so that its load balancing works over either.

``SqliteCheckpointStore``: a local file with a single owner, which resumes at once after a crash. The default.
``BlobCheckpointStore``: a Blob container in the SDKs' own layout; several collectors share the partitions of a hub, and
any other consumer can take over.
"""
