"""What is left of the rate on a network that loses every packet for 10 s in every 30 s (D16 of the guarantees).

``python -m benchmarks.loss``: the daemon reads a full hub, without a loss and with one on either side, in turn. A
loss is a peer that is frozen: connections stay, what is sent to it waits, and nothing comes back. The schedule is that
of Azure's own stress test (azure-sdk-for-python, ``stress/templates/network_loss.yaml``).
Writes ``results/LOSS.md``; exits with 1 when less is left than the target.
"""

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measuring import BenchmarkError, set_stage
from benchmarks.subjects import daemon
from benchmarks.summary import commit, machine

PAGE: Final = Path(__file__).parent / "results" / "LOSS.md"
TARGET: Final = 0.6
_LOSS_SECONDS: Final = 10.0
_CALM_SECONDS: Final = 20.0
_ROUNDS: Final = 2
_PER_EVENT: Final = 25
_PARTITIONS: Final = 4
_SIDES: Final = ("nowhere", "hub", "Elasticsearch")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each side; the median counts")
    parser.add_argument("--records", type=int, default=4_000_000, help="records in the hub; they must not all be read")
    options = parser.parse_args()
    rates: dict[str, list[float]] = {side: [] for side in _SIDES}
    for number in range(1, options.runs + 1):
        for side in _SIDES:
            rates[side].append(_rate(side, options.records))
            print(
                f"run {number}/{options.runs}: {rates[side][-1]:,.0f} records a second, loss: {side}", file=sys.stderr
            )
    page = _render({side: median(taken) for side, taken in rates.items()}, options.records, options.runs)
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return 0 if all(median(rates[side]) >= TARGET * median(rates["nowhere"]) for side in _SIDES) else 1


def _rate(side: str, records: int) -> float:
    """Records a second by the clock, over whole rounds of the schedule.

    Raises:
        BenchmarkError: the hub was empty before the time was over.
    """
    with set_stage(daemon, records=records, per_event=_PER_EVENT, partitions=_PARTITIONS) as stage:
        frozen = {"hub": stage.hub.pid, "Elasticsearch": stage.sink.pid}.get(side)
        before, begun = stage.wait_for(0), time.monotonic()
        if frozen is None:
            time.sleep(_LOSS_SECONDS + _CALM_SECONDS)
        else:
            _lose(frozen)
        done, seconds = stage.wait_for(0), time.monotonic() - begun
        if done >= records:
            raise BenchmarkError(f"{records} records were not enough for this machine: give more with --records")
        return (done - before) / seconds


def _lose(pid: int) -> None:
    """Freeze a process by the schedule."""
    for _ in range(_ROUNDS):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(_LOSS_SECONDS)
        os.kill(pid, signal.SIGCONT)
        time.sleep(_CALM_SECONDS)


def _render(rates: dict[str, float], records: int, runs: int) -> str:
    whole = rates["nowhere"]
    rows = [
        f"| {side} | {rate:,.0f} | {'-' if side == 'nowhere' else f'{rate / whole:.0%}'} |"
        for side, rate in rates.items()
    ]
    return "\n".join(
        [
            "# What a network that loses packets leaves of the rate",
            "",
            f"`python -m benchmarks.loss` on {datetime.now(UTC):%Y-%m-%d}, commit `{commit()}`, {machine()}.",
            "",
            f"The daemon reads a hub of {records:,} records, {_PER_EVENT} an event, over {_PARTITIONS} partitions.",
            "For 10 s in every 30 s, twice, the peer named is frozen: connections stay and nothing comes",
            "back. What is left above two thirds is what buffers hold and a machine with few cores catches up.",
            f"The target is {TARGET:.0%}. Medians of {runs} runs, taken in turn.",
            "",
            "| packets lost on the way to | records a second | left |",
            "|---|---:|---:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
