"""What is measured: the daemon and the yardstick, each a command that reads the hub and writes to the sink."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from benchmarks.hub import HUB

Command = list[str]
Subject = Callable[[str, str, Path], Command]
"""Makes the command from a connection string, the sink's address and an empty folder."""


def daemon(connection_string: str, url: str, folder: Path) -> Command:
    """The real daemon on a real policy: ids, acknowledgement, gzip and checkpoints on, as always."""
    stream = {"id": "logs", "eventhub": HUB, "connection_string": connection_string}
    policy = {
        "outputs": {"default": {"type": "elasticsearch", "hosts": [url]}},
        "inputs": [{"id": "azure-openai-logs", "type": "azure-eventhub", "streams": [stream]}],
    }
    path = folder / "policy.yml"
    path.write_text(yaml.safe_dump(policy), encoding="utf-8")
    return [sys.executable, "-m", "collector", "run", "--policy", str(path), "--data", str(folder / "data")]


def script(connection_string: str, url: str, _folder: Path) -> Command:
    """The 40 lines of ``script.py``."""
    return [sys.executable, "-m", "benchmarks.script", connection_string, HUB, url]


SUBJECTS: Final[dict[str, Subject]] = {"daemon": daemon, "script": script}
