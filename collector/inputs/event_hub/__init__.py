"""The input ``azure-eventhub``: reads all partitions of a hub that are ours to read.

Promise: every event that the SDK hands out is split and passed on in the order of its partition, with room reserved for
it first. An error of the service is said once and tried again; none ends the process.

Not here: when a checkpoint is due (``collector.delivery.checkpointing``), how it is kept (``collector.state``).
"""
