"""From an output of the policy to how it is used."""

from pathlib import Path

from collector.output.elasticsearch.output import BulkSettings
from collector.policy import ElasticsearchOutput as OutputPolicy


def bulk_settings(policy: OutputPolicy) -> BulkSettings:
    """Return how bulk requests are made."""
    return BulkSettings(
        max_items=policy.bulk_max_size,
        max_bytes=policy.bulk_max_bytes,
        max_age=policy.flush_timeout.total_seconds(),
        workers=policy.worker,
        compression_level=policy.compression_level,
        backoff_initial=policy.backoff.init.total_seconds(),
        backoff_longest=policy.backoff.max.total_seconds(),
    )


def dead_letter_path(data: Path, output: str) -> Path:
    """Return the file for dead letters that this output refuses."""
    return data / f"dead-letters-{output}.ndjson"
