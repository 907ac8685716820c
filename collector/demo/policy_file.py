"""The policy that the demo's daemon runs on: a plain standalone policy, as anyone would write it."""

from pathlib import Path

import yaml

from collector.demo.feed import HUB


def write_policy(path: Path, *, elasticsearch: str, connection_string: str) -> None:
    """Write the policy file: one hub in, one Elasticsearch out."""
    stream = {
        "id": "logs",
        "data_stream": {"type": "logs", "dataset": "aoai.logs"},
        "eventhub": HUB,
        "consumer_group": "$Default",
        "connection_string": connection_string,
        "processor_start_position": "earliest",
    }
    policy = {
        "outputs": {"default": {"type": "elasticsearch", "hosts": [elasticsearch]}},
        "inputs": [
            {"id": "azure-openai-logs", "type": "azure-eventhub", "use_output": "default", "streams": [stream]},
        ],
    }
    path.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
