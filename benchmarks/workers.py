"""What a second worker costs: ``python -m benchmarks.workers`` measures and writes ``results/WORKERS.md``.

Processor time a record, of all processes of the daemon, the supervisor's too: with one process, and with two workers
that have shared the partitions out. The hub is never empty, and what comes before the balance is not counted. Turns are
taken in turn, so that what else runs on the machine meets both.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import yaml

from benchmarks.measuring import BenchmarkError, Stage, set_stage
from benchmarks.processes import cpu_seconds, memory_mib
from benchmarks.subjects import Command, daemon
from benchmarks.surroundings import measured_by
from collector.agent.control_client import NoCollectorError, ask

RESULTS: Final = Path(__file__).parent / "results" / "WORKERS.md"
_PER_EVENT: Final = 25
_PARTITIONS: Final = 8
_AHEAD: Final = 60_000
"""Records that the hub holds and that were not delivered yet. A worker that claims a partition looks those up first."""
_PATIENCE_SECONDS: Final = 120.0
_TARGET: Final = 1.10


@dataclass(frozen=True, slots=True)
class Turn:
    """What one run took."""

    records: int
    seconds: float
    cpu_seconds: float
    supervisor_cpu_seconds: float
    memory_mib: float

    @property
    def microseconds(self) -> float:
        """Processor time a record."""
        return self.cpu_seconds / self.records * 1e6


def measure(workers: int, records: int) -> Turn:
    """Run a daemon with so many workers until so many records came through them.

    Raises:
        BenchmarkError: it did not begin, or the records did not arrive.
    """
    folders: list[Path] = []

    def subject(connection_string: str, url: str, folder: Path) -> Command:
        folders.append(folder)
        command = daemon(connection_string, url, folder)
        file = folder / "policy.yml"
        policy: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        policy["agent"] = policy.get("agent", {}) | {"workers": workers}
        file.write_text(yaml.safe_dump(policy), encoding="utf-8")
        return command

    with set_stage(subject, records=_AHEAD, per_event=_PER_EVENT, partitions=_PARTITIONS, endless=True) as stage:
        _wait_until_shared(folders[0] / "data", workers)
        stage.wait_for(stage.wait_for(0) + 2 * _AHEAD)
        return _take(stage, records)


def _take(stage: Stage, records: int) -> Turn:
    supervisor = stage.subject.pid
    family = [supervisor, *children(supervisor)]
    documents, begun = stage.wait_for(0), time.monotonic()
    before = {each: cpu_seconds(each) for each in family}
    done = stage.wait_for(documents + records)
    taken = {each: cpu_seconds(each) - before[each] for each in family}
    return Turn(
        done - documents,
        time.monotonic() - begun,
        sum(taken.values()),
        taken[supervisor] if len(family) > 1 else 0.0,
        max(memory_mib(each) for each in family),
    )


def children(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, by ``/proc/PID/task/PID/children``."""
    yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())


def _wait_until_shared(data: Path, workers: int) -> None:
    """Wait until each worker reads its part of the partitions.

    Raises:
        BenchmarkError: they do not share.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            streams: list[dict[str, Any]] = asyncio.run(ask(data, "/status"))["streams"]
        except NoCollectorError:
            streams = []
        if [each["owned_partitions"] for each in streams] == [_PARTITIONS // workers] * workers:
            return
        time.sleep(0.5)
    raise BenchmarkError(f"{workers} workers do not share the partitions")


def render(turns: dict[int, list[Turn]], load: float) -> str:
    """Return the page."""
    one, two = (median(turn.microseconds for turn in turns[workers]) for workers in (1, 2))
    ratios = [second.microseconds / first.microseconds for first, second in zip(turns[1], turns[2], strict=True)]
    supervisor = median(turn.supervisor_cpu_seconds / turn.seconds for turn in turns[2])
    rows = [
        f"| {number} | {first.microseconds:.2f} | {second.microseconds:.2f} | {ratio:.3f} |"
        for number, (first, second, ratio) in enumerate(zip(turns[1], turns[2], ratios, strict=True), 1)
    ]
    return f"""# What a second worker costs

{measured_by("benchmarks.workers")}.
Load of the machine at the end: {load:.1f}, that of hub, sink and daemon among it.

Processor time a record of all processes of the daemon, the supervisor included, in microseconds: a null sink, an event
hub that is never empty, {_PER_EVENT} records an event, {_PARTITIONS} partitions, checkpoints in a local file, \
{turns[1][0].records:,} records or a little more a turn.
The target is a growth under {_TARGET - 1:.0%}.

| turn | one process | two workers | ratio |
|---:|---:|---:|---:|
{"\n".join(rows)}
| **median** | **{one:.2f}** | **{two:.2f}** | **{median(ratios):.3f}** |

The supervisor takes {supervisor:.2%} of a core. The largest process held \
{max(turn.memory_mib for turn in turns[2]):.0f} MiB.
"""


def main() -> int:
    """Measure, print the page and write it; return 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--turns", type=int, default=7, help="runs of each; medians count")
    parser.add_argument("--records", type=int, default=400_000, help="records a run")
    parser.add_argument("--no-write", action="store_true", help="leave the committed result as it is")
    options = parser.parse_args()
    turns: dict[int, list[Turn]] = {1: [], 2: []}
    for number in range(1, options.turns + 1):
        for workers, taken in turns.items():
            taken.append(measure(workers, options.records))
            told = f"{workers} workers, {taken[-1].microseconds:.2f} us a record, {taken[-1].seconds:.1f} s"
            print(f"turn {number}/{options.turns}: {told}", file=sys.stderr)
    page = render(turns, os.getloadavg()[0])
    print(page)
    if not options.no_write:
        RESULTS.write_text(page, encoding="utf-8")
    ratio = median(two.microseconds / one.microseconds for one, two in zip(turns[1], turns[2], strict=True))
    return 0 if ratio < _TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
