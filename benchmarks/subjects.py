"""What is measured: the daemon and its yardsticks, each a command that reads the hub and writes to the sink."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.feeding import HUB

Command = list[str]
Subject = Callable[[str, str, Path], Command]
"""Makes the command from a connection string, the sink's address and an empty folder."""
_GOLANG: Final = Path(__file__).parent / "golang"
_BUILD_LIMIT_SECONDS: Final = 300


class NoYardstickError(Exception):
    """A yardstick cannot be had on this machine. The message says why."""


def daemon(connection_string: str, url: str, folder: Path) -> Command:
    """The real daemon on a real policy: ids, acknowledgement, gzip and checkpoints on, as always."""
    return daemon_with({}, {})(connection_string, url, folder)


def daemon_with(output: Mapping[str, Any], stream: Mapping[str, Any]) -> Subject:
    """The real daemon with these keys of the output and of the stream besides."""

    def command(connection_string: str, url: str, folder: Path) -> Command:
        read = {"id": "logs", "eventhub": HUB, "connection_string": connection_string, **stream}
        policy = {
            "outputs": {"default": {"type": "elasticsearch", "hosts": [url], **output}},
            "inputs": [{"id": "azure-openai-logs", "type": "azure-eventhub", "streams": [read]}],
        }
        path = folder / "policy.yml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(policy), encoding="utf-8")
        return [sys.executable, "-m", "collector", "run", "--policy", str(path), "--data", str(folder / "data")]

    return command


def script(connection_string: str, url: str, _folder: Path) -> Command:
    """The 40 lines of ``script.py``, an event at a time."""
    return [sys.executable, "-m", "benchmarks.script", connection_string, HUB, url]


def script_in_batches(connection_string: str, url: str, folder: Path) -> Command:
    """The same, as many events at a time as are there."""
    return [*script(connection_string, url, folder), "batches"]


def floor(per_event: int) -> Subject:
    """The bare receive loop of ``floor.py``."""
    return lambda connection, url, _: [sys.executable, "-m", "benchmarks.floor", connection, HUB, url, str(per_event)]


def go(folder: Path) -> Subject:
    """The Go program of ``golang/``, built into a folder.

    Raises:
        NoYardstickError: there is no Go, or the program cannot be built.
    """
    compiler = shutil.which("go")
    if compiler is None:
        raise NoYardstickError("Go is not installed")
    program = folder / "yardstick"
    command = [compiler, "build", "-mod=readonly", "-trimpath", "-o", str(program), "."]
    try:
        subprocess.run(command, cwd=_GOLANG, check=True, timeout=_BUILD_LIMIT_SECONDS, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or b""
        raise NoYardstickError(f"the Go program cannot be built: {os.fsdecode(told).strip() or error}") from error
    return lambda connection, url, positions: [str(program), connection, HUB, url, str(positions)]


def gather(names: Sequence[str], per_event: int, folder: Path) -> tuple[Mapping[str, Subject], Mapping[str, str]]:
    """Return the daemon and the yardsticks of these names, and why those that are missing are."""
    makers: Mapping[str, Callable[[], Subject]] = {
        "script": lambda: script,
        "script in batches": lambda: script_in_batches,
        "floor": lambda: floor(per_event),
        "go": lambda: go(folder),
    }
    subjects: dict[str, Subject] = {"daemon": daemon}
    missing: dict[str, str] = {}
    for name in names:
        try:
            subjects[name] = makers[name]()
        except NoYardstickError as reason:
            missing[name] = str(reason)
    return subjects, missing
