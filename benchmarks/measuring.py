"""Runs one subject against a full hub and an empty sink, and reads its processor time from the kernel."""

import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec

from benchmarks.processes import cpu_seconds, peak_memory_mib
from benchmarks.subjects import Subject

_WARM: Final = 0.15
"""The first part of each run is not counted: imports, connections, claiming partitions.

It is all that the hub holds then. What a reader without a checkpoint finds in a hub may have been written by an earlier
one, and our daemon looks it up first; the steady state is what comes in afterwards.
"""
_SECONDS_TO_LOOK: Final = 2.0
"""After the first part: until then the daemon has asked where the partitions ended when it began."""
_PATIENCE_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run: records and processor seconds of its steady part."""

    records: int
    cpu_seconds: float
    peak_memory_mib: float

    @property
    def records_per_cpu_second(self) -> float:
        """The figure that is compared."""
        return self.records / self.cpu_seconds


class BenchmarkError(Exception):
    """A subject died or did not finish."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The three processes of a run, under way and warm."""

    hub: subprocess.Popen[str]
    sink: subprocess.Popen[str]
    subject: subprocess.Popen[str]
    log: Path
    """What the subject says."""
    url: str
    begun: int
    """Documents that had arrived when it was warm."""

    def wait_for(self, documents: int) -> int:
        """Wait until the sink has that many documents; return how many it has.

        Raises:
            BenchmarkError: they did not arrive.
        """
        return _wait_for(self.url, documents, self.subject, self.log)


def measure(subject: Subject, *, records: int, per_event: int, partitions: int, kind: str = "requests") -> Run:
    """Start hub, sink and subject, wait until all records arrived, and end the three.

    Raises:
        BenchmarkError: the records did not arrive, or too soon.
    """
    with set_stage(subject, records=records, per_event=per_event, partitions=partitions, kind=kind) as stage:
        pid = stage.subject.pid
        cpu_begun = cpu_seconds(pid)
        done = stage.wait_for(records)
        if done == stage.begun:
            raise BenchmarkError(
                f"{records} records were not enough to measure: all had come before the start was over"
            )
        return Run(done - stage.begun, cpu_seconds(pid) - cpu_begun, peak_memory_mib(pid))


@contextmanager
def set_stage(  # noqa: PLR0913 - what a hub is filled with
    subject: Subject,
    *,
    records: int,
    per_event: int,
    partitions: int,
    kind: str = "requests",
    full: bool = False,
    endless: bool = False,
    rate: float = 0,
) -> Iterator[Stage]:
    """Start hub, sink and subject, and wait until the first part of the records arrived; end the three afterwards.

    A full hub has all records from the start, an endless one always has so many that were not delivered yet; or with a
    rate, so many more each second.

    Raises:
        BenchmarkError: the records did not arrive.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    hub = ["-m", "benchmarks.hub", str(records), str(per_event), str(partitions), "--kind", kind]
    hub += ["--rate", str(rate)] if rate else []
    hub += ["--sink", url] if endless else []
    first = 0 if full or endless or rate else min(records, int(records * _WARM) + per_event * partitions)
    hub += ["--first", str(first)] if first else []
    with (
        tempfile.TemporaryDirectory() as folder,
        _process([sys.executable, "-m", "benchmarks.sink", str(port)]) as sink,
        _process([sys.executable, *hub]) as emulator,
    ):
        connection_string = (emulator.stdout or sys.stdin).readline().strip()
        _wait_for(url, 0)
        log = Path(folder) / "subject.log"
        with log.open("w") as said, _process(subject(connection_string, url, Path(folder)), said, said) as process:
            begun = _wait_for(url, int(records * _WARM), process, log)
            if first:
                time.sleep(_SECONDS_TO_LOOK)
                print(file=emulator.stdin, flush=True)
            yield Stage(emulator, sink, process, log, url, begun)


@contextmanager
def _process(
    command: list[str], output: IO[str] | int = subprocess.PIPE, errors: IO[str] | int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=errors, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def _wait_for(url: str, documents: int, process: subprocess.Popen[str] | None = None, log: Path | None = None) -> int:
    """Wait until the sink has that many documents; return how many it has."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            last = log.read_text(encoding="utf-8").strip().rpartition("\n")[2] if log else ""
            raise BenchmarkError(f"the subject ended with {process.returncode}: {last}")
        try:
            with urllib.request.urlopen(f"{url}/documents", timeout=10) as reply:  # noqa: S310 - loopback, http
                count: int = msgspec.json.decode(reply.read())["documents"]
        except (urllib.error.URLError, TimeoutError):
            count = -1
        if count >= documents:
            return count
        time.sleep(0.05)
    raise BenchmarkError(f"{documents} documents did not arrive within {_PATIENCE_SECONDS:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
