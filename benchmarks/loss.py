"""What is left of the rate on a network that loses every packet for 10 s in every 30 s (D16 of the guarantees).

``python -m benchmarks.loss``: the daemon reads a full hub: half a calm minute, a minute with losses on one side, half
a calm minute. What is left is the rate with losses over that of the calm before and after them, so that a
machine that changes its speed meets both. A loss is a peer that is frozen: connections stay, what is sent to it waits,
and nothing comes back. The schedule is that of Azure's own stress test (azure-sdk-for-python,
``stress/templates/network_loss.yaml``). Writes ``results/LOSS.md``; exits with 1 when less is left than the target.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measuring import BenchmarkError, Stage, set_stage
from benchmarks.subjects import daemon
from benchmarks.surroundings import measured_by

PAGE: Final = Path(__file__).parent / "results" / "LOSS.md"
TARGET: Final = 0.6
_LOSS_SECONDS: Final = 10.0
_CALM_SECONDS: Final = 20.0
_ROUNDS: Final = 2
_PER_EVENT: Final = 25
_PARTITIONS: Final = 4
_SIDES: Final = ("hub", "Elasticsearch")


@dataclass(frozen=True, slots=True)
class Rates:
    """Records a second by the clock."""

    calm: float
    lossy: float

    @property
    def left(self) -> float:
        """The share of the rate that losses leave."""
        return self.lossy / self.calm


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each side; the median counts")
    parser.add_argument("--records", type=int, default=12_000_000, help="records in the hub; they must not all be read")
    options = parser.parse_args()
    taken: dict[str, list[Rates]] = {side: [] for side in _SIDES}
    for number in range(1, options.runs + 1):
        for side in _SIDES:
            rates = _measure(side, options.records)
            taken[side].append(rates)
            told = f"{rates.lossy:,.0f} of {rates.calm:,.0f} records a second, {rates.left:.0%}, loss: {side}"
            print(f"run {number}/{options.runs}: {told}", file=sys.stderr)
    medians = {side: sorted(rates, key=lambda each: each.left)[len(rates) // 2] for side, rates in taken.items()}
    page = _render(medians, options.records, options.runs)
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return 0 if all(rates.left >= TARGET for rates in medians.values()) else 1


def _measure(side: str, records: int) -> Rates:
    """Take the rates of one run, the lossy one over whole rounds of the schedule.

    Raises:
        BenchmarkError: the hub was empty before the time was over.
    """
    with set_stage(daemon, records=records, per_event=_PER_EVENT, partitions=_PARTITIONS) as stage:
        before = _rate(stage, _wait_calmly)
        peer = {"hub": stage.hub.pid, "Elasticsearch": stage.sink.pid}[side]
        lossy = _rate(stage, lambda: _lose(peer))
        after = _rate(stage, _wait_calmly)
        if stage.wait_for(0) >= records:
            raise BenchmarkError(f"{records} records were not enough for this machine: give more with --records")
        return Rates((before + after) / 2, lossy)


def _rate(stage: Stage, pass_time: Callable[[], None]) -> float:
    documents, begun = stage.wait_for(0), time.monotonic()
    pass_time()
    return (stage.wait_for(0) - documents) / (time.monotonic() - begun)


def _wait_calmly() -> None:
    time.sleep(_LOSS_SECONDS + _CALM_SECONDS)


def _lose(pid: int) -> None:
    """Freeze a process by the schedule."""
    for _ in range(_ROUNDS):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(_LOSS_SECONDS)
        os.kill(pid, signal.SIGCONT)
        time.sleep(_CALM_SECONDS)


def _render(medians: dict[str, Rates], records: int, runs: int) -> str:
    rows = [f"| {side} | {each.calm:,.0f} | {each.lossy:,.0f} | {each.left:.0%} |" for side, each in medians.items()]
    return "\n".join(
        [
            "# What a network that loses packets leaves of the rate",
            "",
            f"{measured_by('benchmarks.loss')}.",
            "",
            f"The daemon reads a hub of {records:,} records, {_PER_EVENT} an event, over {_PARTITIONS} partitions.",
            "For 10 s in every 30 s, twice, the peer named is frozen: connections stay and nothing comes",
            "back. What is left above two thirds is what buffers hold and a machine with few cores catches up.",
            f"The target is {TARGET:.0%}. The run with the median share of {runs}, sides taken in turn.",
            "",
            "| packets lost on the way to | records a second, calm | with losses | left |",
            "|---|---:|---:|---:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
