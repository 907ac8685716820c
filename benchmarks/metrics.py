"""What polling costs: ``python -m benchmarks.metrics`` measures and writes ``results/METRICS.md``.

200 accounts with 20 deployments each in four regions of one subscription, all metrics of the catalogue. Azure answers
from memory: what reading its JSON costs is the SDK's and not in these figures. Time is simulated.
"""

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.surroundings import commit, machine
from collector.azure_monitor.metrics import Metric, find_metric, metrics_of
from collector.inputs.azure_metrics.gaps import Gap
from collector.inputs.azure_metrics.limits import BATCH, RESOURCE_MANAGER, CallBudget, CallLimit
from collector.inputs.azure_metrics.planning import Definition, MetricGroup, Target, compare
from collector.inputs.azure_metrics.polling import Poller
from collector.inputs.azure_metrics.ports import Call, Document, MetricSeries, Point, ResourceSeries, Series
from collector.inputs.azure_metrics.resources import Deployment, Resource

RESULTS: Final = Path(__file__).parent / "results" / "METRICS.md"
_ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"
_REGIONS: Final = ("eastus", "swedencentral", "westus3", "japaneast")
_START: Final = 29_551_680
_WARM_UP: Final = 2
"""Rounds: the first reads an hour, so the whole look-back is remembered from then on."""
_ANSWERS_KEPT: Final = 200
_DAY: Final = 24 * 60


def estate(accounts: int, deployments: int) -> list[Target]:
    """Return accounts in all regions, with every metric of the catalogue."""
    return [Target(_account(number, deployments), _groups()) for number in range(accounts)]


def _account(number: int, deployments: int) -> Resource:
    return Resource(
        f"/subscriptions/s-1/resourceGroups/rg-bench/providers/{_ACCOUNTS}/aoai-{number:03}",
        _ACCOUNTS,
        _REGIONS[number % len(_REGIONS)],
        kind="OpenAI",
        tags={"team": f"team-{number % 20}"},
        deployments={name: Deployment(name, "gpt-4o") for name in (f"chat-{each:02}" for each in range(deployments))},
    )


def _groups() -> tuple[MetricGroup, ...]:
    """Return the groups of an account whose definitions offer every aggregation of every metric, as Azure's do."""
    offered = frozenset(each for metric in metrics_of(_ACCOUNTS) for each in metric.aggregations)
    return compare(
        _ACCOUNTS, (Definition(metric.name, metric.dimensions, offered) for metric in metrics_of(_ACCOUNTS))
    ).groups


class Azure:
    """Answers at once: every deployment has a value in every minute, calls with a status code in two series."""

    def __init__(self, deployments: int) -> None:
        self.now = _START * 60.0
        self.made: list[float] = []
        self.points = 0
        self.seconds = 0.0
        """CPU time spent here and not in the collector."""
        self._names = [f"chat-{each:02}" for each in range(deployments)]
        self._answers: dict[tuple[str, int, int], MetricSeries] = {}

    async def fetch(self, call: Call) -> Sequence[ResourceSeries]:
        """Answer a call."""
        started = time.process_time()
        self.made.append(self.now)
        metrics = [metric for name in call.metrics if (metric := find_metric(call.namespace, name)) is not None]
        answer = [
            ResourceSeries(each, [self._series(metric, call) for metric in metrics]) for each in call.resource_ids
        ]
        self.seconds += time.process_time() - started
        return answer

    def _series(self, metric: Metric, call: Call) -> MetricSeries:
        """Return the same series for every account: making them is not what is measured."""
        key = (metric.name, call.start, call.end)
        if key not in self._answers:
            if len(self._answers) > _ANSWERS_KEPT:
                self._answers.clear()
            points = [Point(minute, 12.0 + minute % 7, 3.5, 1.0, 8.0) for minute in range(call.start, call.end)]
            self._answers[key] = MetricSeries(metric.name, [Series(split, points) for split in self._splits(metric)])
        answer = self._answers[key]
        self.points += sum(len(series.points) for series in answer.series)
        return answer

    def _splits(self, metric: Metric) -> Iterator[dict[str, str]]:
        others = {name.lower(): f"{name} 1" for name in metric.dimensions}
        for deployment in self._names if "modeldeploymentname" in others else ("",):
            for status in ("200", "429") if "statuscode" in others else ("",):
                ours = {"modeldeploymentname": deployment, "statuscode": status}
                yield others | {name: value for name, value in ours.items() if name in others}


@dataclass
class Bulk:
    """Takes documents, as JSON: what a bulk body needs."""

    documents: int = 0
    size: int = 0

    async def deliver(self, documents: Sequence[Document]) -> None:
        """Count, and forget."""
        self.documents += len(documents)
        self.size += sum(len(msgspec.json.encode(document.source)) for document in documents)


@dataclass
class Store:
    """Keeps the newest state in memory."""

    shards: dict[str, bytes] = field(default_factory=dict)
    written: int = 0
    settled: int = 0

    async def load(self) -> Mapping[str, bytes]:
        """Return nothing: the first start."""
        return {}

    async def save(self, shard: str, state: bytes, settled: Sequence[Gap]) -> None:
        """Keep a shard, and count what goes into the ledger."""
        self.shards[shard] = state
        self.written += len(state)
        self.settled += len(settled)


@dataclass(frozen=True)
class Load:
    """A minute of the whole estate, on the average of five with one look back of each group."""

    documents: float
    points: float
    cpu_seconds: float
    megabytes_before: float
    megabytes: float
    state_megabytes: float
    calls: float


async def measure_load(accounts: int, deployments: int, minutes: int = 5) -> Load:
    """Poll until the look-back is remembered, then measure some minutes."""
    azure, bulk, store = Azure(deployments), Bulk(), Store()
    before = _resident()
    poller = _poller(azure, bulk, store, BATCH, 50)
    poller.aim(estate(accounts, deployments))
    for _ in range(_WARM_UP):
        azure.now += 60
        await poller.round()
    calls, points, documents, written = len(azure.made), azure.points, bulk.documents, store.written
    elsewhere, started = azure.seconds, time.process_time()
    for _ in range(minutes):
        azure.now += 60
        await poller.round()
    spent = time.process_time() - started - (azure.seconds - elsewhere)
    return Load(
        documents=(bulk.documents - documents) / minutes,
        points=(azure.points - points) / minutes,
        cpu_seconds=spent / minutes,
        megabytes_before=before,
        megabytes=_peak(),
        state_megabytes=(store.written - written) / minutes / 2**20,
        calls=(len(azure.made) - calls) / minutes,
    )


@dataclass(frozen=True)
class Calls:
    """The calls of a day."""

    a_day: int
    most_an_hour: int
    most_at_once: int
    lag: int
    """The largest number of minutes that any account waited for its next call, less the latency."""


async def count_calls(accounts: int, limit: CallLimit, largest: int) -> Calls:
    """Poll an idle estate for a day and count. With traffic the looks back are divided: see the calls of a minute."""
    azure = Azure(0)
    poller = _poller(azure, Bulk(), Store(), limit, largest)
    poller.aim(estate(accounts, 0))
    lag = 0
    for _ in range(_DAY):
        azure.now += 60
        await poller.round()
        lag = max(lag, poller.lag())
    rounds = Counter(azure.made)
    hours = (sum(rounds[start + 60 * minute] for minute in range(60)) for start in list(rounds))
    return Calls(rounds.total(), max(hours), max(rounds.values()), lag)


def _poller(azure: Azure, bulk: Bulk, store: Store, limit: CallLimit, largest: int) -> Poller:
    def clock() -> float:
        return azure.now

    return Poller(azure, bulk, store, budget=CallBudget(limit, clock), clock=clock, largest=largest)


def _resident() -> float:
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    """Return a figure of the process's memory in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


_PAGE: Final = """# What polling metrics costs

`python -m benchmarks.metrics`, commit `{commit}`, {machine}; load average {busy},
of which 1 is the benchmark's own.

{accounts} accounts with {deployments} deployments each, in four regions of one subscription, all {metrics} metrics of
the catalogue; every deployment has a value in every minute. Azure answers from memory and Elasticsearch takes
everything: reading Azure's JSON and writing bulk requests come on top. Time is simulated, so nothing here waits.

## A minute

| what | figure |
|---|---:|
| documents written | {load.documents:,.0f} |
| points read, with the looks back | {load.points:,.0f} |
| CPU seconds of the engine, documents as JSON included | {load.cpu_seconds:.1f} |
| memory before, and at its peak | {load.megabytes_before:.0f} MiB, {load.megabytes:.0f} MiB |
| state written | {load.state_megabytes:.1f} MiB |
| calls | {load.calls:.0f} |

## Calls over a simulated day

| way | calls a day | most in an hour | limit | most at once | limit | longest wait |
|---|---:|---:|---:|---:|---:|---:|
{batch}
{single}

An idle estate; with traffic the looks back are divided, and the calls of a minute above hold. Limits are those of a
subscription. Those of `metrics:getBatch` are an hourly figure that several vendors' guides repeat, and a bucket of our
own choice: Microsoft names neither. Where a cloud has only the API of a single resource, its limit decides how often an
account is asked: each call then covers more minutes, and no minute is left out.
"""


def _row(way: str, calls: Calls, limit: CallLimit) -> str:
    hour, once = f"{calls.most_an_hour:,} | {limit.an_hour:,}", f"{calls.most_at_once:,} | {limit.at_once:,}"
    return f"| {way} | {calls.a_day:,} | {hour} | {once} | {calls.lag} min |"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics", description=__doc__)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--deployments", type=int, default=20)
    parser.add_argument("--no-write", action="store_true", help="leave results/METRICS.md as it is")
    options = parser.parse_args()
    began = os.getloadavg()[0]
    # First: the peak of memory is the process's.
    load = asyncio.run(measure_load(options.accounts, options.deployments))
    batch = asyncio.run(count_calls(options.accounts, BATCH, 50))
    single = asyncio.run(count_calls(options.accounts, RESOURCE_MANAGER, 1))
    page = _PAGE.format(
        commit=commit(),
        machine=machine(),
        busy=f"{began:.0f} at its start and {os.getloadavg()[0]:.0f} at its end",
        accounts=options.accounts,
        deployments=options.deployments,
        metrics=len(metrics_of(_ACCOUNTS)),
        load=load,
        batch=_row("`metrics:getBatch`", batch, BATCH),
        single=_row("one resource a call", single, RESOURCE_MANAGER),
    )
    print(page)
    if not options.no_write:
        RESULTS.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
