"""D18 of the guarantees: a simulated week of metrics with late, missing and restated points, outages and crashes.

The world is tests/plugins/metric_world.py; 5 % of its points come late (up to 25 minutes), 3 % never, 1 % change after
they have shown. One day by default, seven with ``--full``.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from plugins.metric_world import (
    ACCOUNTS,
    CrashError,
    Index,
    Listed,
    MetricWorld,
    Odds,
    SeriesKey,
    Shelf,
    Truth,
    Value,
)

from collector.azure_monitor.metrics import find_metric
from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState
from collector.inputs.azure_metrics.limits import BATCH, CallBudget, CallLimit
from collector.inputs.azure_metrics.planning import Target, group_metrics
from collector.inputs.azure_metrics.polling import Poller
from collector.inputs.azure_metrics.resources import Deployment, Resource
from collector.inputs.azure_metrics.scopes import decode

METRICS = (
    "AzureOpenAIRequests",
    "AzureOpenAITimeToResponse",
    "ProcessedPromptTokens",
    "GeneratedTokens",
    "AzureOpenAIProvisionedManagedUtilizationV2",
)
REGIONS = ("eastus", "swedencentral")
DEPLOYMENTS = ("chat", "chat-ptu", "embed", "images")
DAY = 24 * 60


def accounts() -> list[Resource]:
    return [
        Resource(
            f"/subscriptions/S-1/resourceGroups/RG-{number}/providers/{ACCOUNTS}/Aoai-{number}",
            ACCOUNTS,
            region,
            deployments={name: Deployment(name, "gpt-4o") for name in DEPLOYMENTS},
        )
        for number, region in enumerate(REGIONS)
    ]


def targets(resources: Iterable[Resource]) -> list[Target]:
    metrics = [metric for name in METRICS if (metric := find_metric(ACCOUNTS, name)) is not None]
    return [Target(resource, group_metrics(metrics)) for resource in resources]


@dataclass
class Account:
    """What became of the final values."""

    stored: int = 0
    restated_and_listed: int = 0
    listed_only: int = 0
    empty_and_listed: int = 0
    late_and_stored: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def finals(self) -> int:
        return self.stored + self.restated_and_listed + self.listed_only

    def check(self, world: MetricWorld, index: Index, gaps: Sequence[Gap], minutes: Sequence[int]) -> None:
        listed = Listed(gaps)
        for minute in minutes:
            for resource, truth in world.take(minute).items():
                self._check(truth, index.take(minute, resource), listed.of(resource, minute), f"{resource} {minute}")
                for dimensions in world.groups_without_value(truth):
                    if any(dimensions_of(gap) == dimensions for gap in listed.of(resource, minute)):
                        self.empty_and_listed += 1
                    else:
                        self.wrong.append(f"{resource} {minute}: empty and not listed: {sorted(dimensions)}")

    def _check(self, truth: Truth, stored: Mapping[SeriesKey, Value], gaps: Sequence[Gap], where: str) -> None:
        for key, final in truth.finals.items():
            reasons = {gap.reason for gap in gaps if dimensions_of(gap) == {name for name, _ in key[1]}}
            if stored.get(key) == final:
                self.stored += 1
                self.late_and_stored += key in truth.late
            elif key in stored and reasons - {GapReason.NO_VALUE}:
                self.restated_and_listed += 1
            elif key not in stored and reasons:
                self.listed_only += 1
            else:
                self.wrong.append(f"{where}: {key} is {final}, stored {stored.get(key)}, listed {reasons}")
        self.wrong += [f"{where}: {key} was never shown" for key in stored.keys() - truth.finals.keys()]


def dimensions_of(gap: Gap) -> set[str]:
    return {name.replace("_", "") for name in gap.group.split("+")}


class Run:
    """A collector in the world, polling once a minute."""

    def __init__(self, world: MetricWorld, limit: CallLimit = BATCH, largest: int = 50) -> None:
        self.world = world
        self.index = Index()
        self.shelf = Shelf()
        self.account = Account()
        self.clock_error = 0.0
        self._limit = limit
        self._largest = largest
        self.poller = self._poller()

    async def start(self) -> None:
        """Start a collector; whatever an earlier one had in memory is gone."""
        self.index.crash_after = None
        self.poller = self._poller()
        await self.poller.load()
        self.poller.aim(targets(self.world.resources.values()))

    async def poll(self, minutes: int) -> None:
        for _ in range(minutes):
            self.world.pass_time(60)
            await self.poller.round()
            if int(self.world.now // 60) % 60 == 0:
                self.check()

    def check(self) -> None:
        """Hold what was stored against the minutes that do not change any more, as `aoai-collector gaps` sees them."""
        scopes = [scope for state in self.shelf.shards.values() for scope in decode(state)]
        gaps = [*self.shelf.settled, *(gap for scope in scopes for gap in scope.gaps)]
        self.account.check(self.world, self.index, gaps, self.world.settled_minutes())

    def flaws(self) -> list[str]:
        """Return some of what must not be."""
        return [*self.account.wrong[:3], *self.index.doubles[:3], *self.world.offences[:3]]

    def _poller(self) -> Poller:
        def clock() -> float:
            return self.world.now + self.clock_error

        return Poller(
            self.world,
            self.index,
            self.shelf,
            budget=CallBudget(self._limit, clock),
            clock=clock,
            largest=self._largest,
        )


@pytest.mark.timeout(3600)
async def test_every_final_value_of_a_week_is_stored_or_listed(full_size: bool) -> None:
    run = Run(MetricWorld(18, accounts(), METRICS))
    await run.start()
    await run.poll((7 if full_size else 1) * DAY)
    account = run.account
    assert run.flaws() == []
    # Whoever looks back finds what is late: it is stored, not only listed. What is listed is what Azure changed.
    assert account.listed_only == 0
    assert account.late_and_stored > account.finals // 25
    assert 0 < account.restated_and_listed < account.finals // 80
    assert account.empty_and_listed > 0
    assert account.finals > 100_000


async def test_a_gap_of_a_day_is_filled() -> None:
    run = Run(MetricWorld(24, accounts()[:1], METRICS))
    await run.start()
    await run.poll(60)
    await run.poller.close()
    run.world.pass_time(DAY * 60)
    await run.start()
    await run.poll(50)
    run.check()
    assert run.flaws() == []
    # Only what came late, and over the restart, for a document that had been written before.
    assert run.account.listed_only < run.account.finals // 1000
    assert run.account.finals > 35_000
    assert [gap for gap in run.poller.progress.gaps() if gap.reason is not GapReason.NO_VALUE] == []


async def test_what_is_older_than_the_back_fill_is_listed_as_lost() -> None:
    run = Run(MetricWorld(30, accounts()[:1], METRICS, Odds(empty_minute=0)))
    await run.start()
    await run.poll(60)
    run.world.pass_time(30 * 3600)
    await run.start()
    await run.poll(50)
    run.check()
    assert run.flaws() == []
    lost = {gap.end - gap.start for gap in run.shelf.settled if gap.state is GapState.LOST}
    # 30 hours, and the half hour that was still looked at, less the 25 that are filled.
    assert max(lost) in range(325, 345)
    assert run.account.listed_only in range(1, run.account.finals // 4)


@pytest.mark.timeout(3600)
async def test_crashes_at_any_document_lose_nothing_and_double_nothing(full_size: bool) -> None:
    run = Run(MetricWorld(9, accounts()[:1], METRICS))
    chance = random.Random(9)
    await run.start()
    crashes = 0
    for _ in range(100 if full_size else 12):
        run.index.crash_after = chance.randrange(1_500)
        with pytest.raises(ExceptionGroup) as died:
            await run.poll(10_000)
        assert died.group_contains(CrashError)
        crashes += 1
        run.world.pass_time(chance.choice([0, 20, 61, 600, 3000, 7200]))
        if chance.random() < 0.5:
            await run.start()
        else:  # only the delivery broke off; the collector goes on with what it remembers
            run.index.crash_after = None
    await run.poll(5 * 60)
    assert run.flaws() == []
    assert run.account.finals > 1_000 * crashes


async def test_hours_of_refused_and_throttled_calls_lose_nothing() -> None:
    run = Run(MetricWorld(5, accounts()[:1], METRICS, Odds(throttled=0.2, unavailable=0.3)))
    await run.start()
    await run.poll(60)
    run.world.down = True
    await run.poll(150)
    run.world.down = False
    await run.poll(8 * 60)
    assert run.flaws() == []
    assert run.account.listed_only == 0
    assert run.account.finals > 10_000


async def test_fewer_calls_than_minutes_cost_time_and_no_value() -> None:
    calls_an_hour = 75
    run = Run(
        MetricWorld(12, accounts()[:1], METRICS, Odds(throttled=0, unavailable=0), calls_an_hour),
        CallLimit(an_hour=calls_an_hour, at_once=10),
        largest=1,
    )
    await run.start()
    await run.poll(60)
    run.world.pass_time(2 * 3600)
    await run.poll(8 * 60)
    assert run.flaws() == []
    assert run.account.listed_only == 0
    assert run.account.finals > 5_000
    assert run.poller.figures.calls.postponed > 0


@pytest.mark.parametrize("error", [3600.0, -3600.0])
async def test_a_clock_that_jumps_by_an_hour_and_back_hides_nothing(error: float) -> None:
    run = Run(MetricWorld(17, accounts()[:1], METRICS))
    await run.start()
    await run.poll(60)
    run.clock_error = error
    await run.poll(15)
    run.clock_error = 0.0
    await run.poll(5 * 60)
    assert run.flaws() == []
    assert run.account.listed_only < run.account.finals // 100
    assert run.account.finals > 3_000
