"""The policy that the demo's daemon runs on: a plain standalone policy, as anyone would write it."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from collector.demo.feed import HUB


def write_policy(path: Path, *, elasticsearch: str, connection_string: str, azure: Mapping[str, object]) -> None:
    """Write the policy file: a hub and Azure Monitor in, by the keys of ``azure``, and one Elasticsearch out."""
    stream = {
        "id": "logs",
        "data_stream": {"type": "logs", "dataset": "aoai.logs"},
        "eventhub": HUB,
        "consumer_group": "$Default",
        "connection_string": connection_string,
        "processor_start_position": "earliest",
    }
    metrics = {"id": "metrics", "data_stream": {"type": "metrics", "dataset": "aoai.metrics"}, **azure}
    policy = {
        "outputs": {"default": {"type": "elasticsearch", "hosts": [elasticsearch]}},
        "inputs": [
            {"id": "azure-openai-logs", "type": "azure-eventhub", "use_output": "default", "streams": [stream]},
            {"id": "azure-openai-metrics", "type": "azure/metrics", "use_output": "default", "streams": [metrics]},
        ],
    }
    path.touch(mode=0o600)  # as a policy with a secret must be
    path.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
