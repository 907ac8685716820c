"""Rounds of polling: what is asked, around what is refused; what comes late, what Azure cannot say, who takes over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from collector.azure_monitor.metrics import metrics_of
from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState
from collector.inputs.azure_metrics.limits import BATCH, CallBudget
from collector.inputs.azure_metrics.planning import MetricGroup, Target, group_metrics
from collector.inputs.azure_metrics.polling import Poller
from collector.inputs.azure_metrics.ports import (
    Call,
    Document,
    MetricSeries,
    OvertakenError,
    Point,
    Refusal,
    Refused,
    ResourceSeries,
    Series,
    Throttled,
)
from collector.inputs.azure_metrics.resources import Resource

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
START = 29_551_680


def tokens() -> MetricGroup:
    [group] = [
        group
        for group in group_metrics(metrics_of(ACCOUNTS))
        if "TokenTransaction" in {metric.name for metric in group.metrics}
    ]
    return group


def account(number: int) -> Resource:
    return Resource(f"/subscriptions/s/resourceGroups/g/providers/{ACCOUNTS}/a{number}", ACCOUNTS, "eastus")


@dataclass
class Azure:
    """Answers with what a test says; each value is a total by metric, resource and minute."""

    now: float = START * 60.0
    values: dict[tuple[str, str, int], float] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    refuse: Callable[[Call], Exception | None] = lambda _: None
    errors: Mapping[str, str] = field(default_factory=dict)
    silent_about: str = ""

    async def fetch(self, call: Call) -> Sequence[ResourceSeries]:
        self.calls.append(call)
        error = self.refuse(call)
        if error is not None:
            raise error
        return [
            ResourceSeries(id_, [self._series(call, id_, name) for name in call.metrics])
            for id_ in call.resource_ids
            if not self.silent_about or not id_.endswith(self.silent_about)
        ]

    def _series(self, call: Call, id_: str, metric: str) -> MetricSeries:
        resource = id_.rpartition("/")[2]
        points = [
            Point(minute, total=self.values.get((metric, resource, minute))) for minute in range(call.start, call.end)
        ]
        split = {name.lower(): "x" for name in call.dimensions}
        return MetricSeries(metric, [Series(split, points)], self.errors.get(metric))


class BrokenOffError(Exception):
    """A delivery ends before all of it is settled."""


@dataclass
class Index:
    documents: list[Document] = field(default_factory=list)
    takes: int | None = None
    """How many more documents are taken before deliveries break off; None for all."""

    async def deliver(self, documents: Sequence[Document]) -> None:
        if self.takes is not None:
            taken, self.takes = documents[: self.takes], 0
            self.documents += taken
            raise BrokenOffError
        self.documents += documents

    def values(self) -> list[tuple[str, str, float]]:
        """Return resource, metric and total of everything that was written."""
        return [
            (azure["resource"]["name"], name, values["total"])
            for document in self.documents
            if isinstance(azure := document.source["azure"], dict)
            for name, values in azure["metrics"].items()
        ]


@dataclass
class Store:
    shards: dict[str, bytes] = field(default_factory=dict)
    settled: list[Gap] = field(default_factory=list)
    overtaken: bool = False

    async def load(self) -> Mapping[str, bytes]:
        return dict(self.shards)

    async def save(self, shard: str, state: bytes, settled: Sequence[Gap]) -> None:
        if self.overtaken:
            raise OvertakenError("another collector polls")
        self.shards[shard] = state
        self.settled += settled

    def listed(self, reason: GapReason) -> list[tuple[int, int, GapState]]:
        """Return the ledger's lines of a reason, in minutes since the start."""
        return [(gap.start - START, gap.end - START, gap.state) for gap in self.settled if gap.reason is reason]


@dataclass
class Setting:
    azure: Azure = field(default_factory=Azure)
    index: Index = field(default_factory=Index)
    store: Store = field(default_factory=Store)
    accounts: int = 1

    async def poller(self) -> Poller:
        poller = Poller(
            self.azure,
            self.index,
            self.store,
            budget=CallBudget(BATCH, lambda: self.azure.now),
            clock=lambda: self.azure.now,
        )
        await poller.load()
        poller.aim(Target(account(number), (tokens(),)) for number in range(self.accounts))
        return poller

    async def rounds(self, poller: Poller, minutes: int = 1) -> None:
        for _ in range(minutes):
            self.azure.now += 60
            await poller.round()


async def test_a_minute_is_written_once_it_is_final_and_not_before() -> None:
    setting = Setting()
    setting.azure.values = {("TokenTransaction", "a0", START + minute): float(minute) for minute in range(10)}
    poller = await setting.poller()
    await setting.rounds(poller, 3)
    assert setting.index.values() == []
    await setting.rounds(poller, 4)
    assert setting.index.values() == [("a0", "token_transaction", float(minute)) for minute in range(4)]


async def test_a_metric_that_comes_late_is_added_beside_its_document_and_never_twice() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START): 5.0}
    poller = await setting.poller()
    await setting.rounds(poller, 5)
    setting.azure.values["ProcessedPromptTokens", "a0", START] = 7.0
    await setting.rounds(poller, 40)
    assert setting.index.values() == [("a0", "generated_tokens", 5.0), ("a0", "processed_prompt_tokens", 7.0)]
    assert len({document.id for document in setting.index.documents}) == 2
    assert (poller.figures.documents, poller.figures.late_documents) == (2, 1)


async def test_a_value_that_changes_is_listed_and_not_written_again() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START): 5.0}
    poller = await setting.poller()
    await setting.rounds(poller, 5)
    setting.azure.values["GeneratedTokens", "a0", START] = 6.0
    await setting.rounds(poller, 40)
    assert setting.index.values() == [("a0", "generated_tokens", 5.0)]
    assert setting.store.listed(GapReason.RESTATED) == [(0, 1, GapState.LOST)]
    assert poller.figures.restated_documents == 1


async def test_a_minute_that_azure_fills_later_closes_its_gap() -> None:
    setting = Setting()
    poller = await setting.poller()
    await setting.rounds(poller, 6)
    [gap] = poller.progress.gaps()
    assert (gap.reason, gap.state) == (GapReason.NO_VALUE, GapState.OPEN)
    setting.azure.values["GeneratedTokens", "a0", START + 1] = 1.0
    await setting.rounds(poller, 10)
    assert (1, 2, GapState.CLOSED) in setting.store.listed(GapReason.NO_VALUE)
    assert START + 1 not in {minute for gap in poller.progress.gaps() for minute in range(gap.start, gap.end)}


async def test_minutes_without_an_answer_are_listed_at_once_and_closed_when_they_are_written() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START + minute): 1.0 for minute in range(60)}
    poller = await setting.poller()
    await setting.rounds(poller, 5)
    setting.azure.refuse = lambda _: Refused(Refusal.LOGIN, "AADSTS7000215")
    await setting.rounds(poller, 3)
    [gap] = [gap for gap in poller.progress.gaps() if gap.reason is GapReason.REFUSED]
    assert (gap.start - START, gap.end - START, gap.detail) == (2, 5, "login: AADSTS7000215")
    setting.azure.refuse = lambda _: None
    await setting.rounds(poller, 2)
    assert setting.store.listed(GapReason.REFUSED) == [(2, 5, GapState.CLOSED)]
    assert len(setting.index.documents) == 7


async def test_a_resource_that_is_refused_holds_up_no_other() -> None:
    setting = Setting(accounts=8)
    setting.azure.values = {("GeneratedTokens", f"a{each}", START): 1.0 for each in range(8)}
    setting.azure.refuse = lambda call: (
        Refused(Refusal.NOT_FOUND) if any(id_.endswith("/a5") for id_ in call.resource_ids) else None
    )
    poller = await setting.poller()
    await setting.rounds(poller, 4)
    assert {name for name, _, _ in setting.index.values()} == {f"a{each}" for each in range(8)} - {"a5"}
    assert {gap.resource[-2:] for gap in poller.progress.gaps() if gap.reason is GapReason.REFUSED} == {"a5"}
    before = len(setting.azure.calls)
    await setting.rounds(poller)
    sizes = sorted(len(call.resource_ids) for call in setting.azure.calls[before:])
    assert sizes[0] == 1
    assert sum(sizes) == 8


async def test_a_lot_that_is_refused_as_a_whole_is_not_divided_every_minute() -> None:
    setting = Setting(accounts=8)
    setting.azure.refuse = lambda _: Refused(Refusal.ROLE)
    poller = await setting.poller()
    await setting.rounds(poller)
    assert len(setting.azure.calls) == 15
    await setting.rounds(poller, 5)
    assert len(setting.azure.calls) == 20


async def test_nothing_is_asked_in_a_region_that_rests() -> None:
    setting = Setting()
    setting.azure.refuse = lambda _: Throttled(150)
    poller = await setting.poller()
    await setting.rounds(poller, 3)
    assert len(setting.azure.calls) == 1
    [gap] = poller.progress.gaps()
    assert gap.reason is GapReason.THROTTLED
    await setting.rounds(poller)
    assert len(setting.azure.calls) == 2


async def test_pauses_double_when_azure_names_none() -> None:
    setting = Setting()
    setting.azure.refuse = lambda _: Throttled()
    poller = await setting.poller()
    asked: list[int] = []
    for minute in range(60):
        before = len(setting.azure.calls)
        await setting.rounds(poller)
        if len(setting.azure.calls) > before:
            asked.append(minute)
    assert asked == [0, 1, 2, 4, 8, 16, 26, 36, 46, 56]


async def test_a_resource_that_the_answer_leaves_out_has_a_gap() -> None:
    setting = Setting(accounts=2)
    setting.azure.silent_about = "/a1"
    poller = await setting.poller()
    await setting.rounds(poller)
    reasons = {gap.resource[-2:]: gap.reason for gap in poller.progress.gaps()}
    assert reasons == {"a0": GapReason.NO_VALUE, "a1": GapReason.UNAVAILABLE}


async def test_a_metric_that_azure_cannot_answer_for_is_listed_and_the_others_are_written() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START - 2): 1.0}
    setting.azure.errors = {"TokenTransaction": "InternalError"}
    poller = await setting.poller()
    await setting.rounds(poller, 2)
    assert setting.index.values() == [("a0", "generated_tokens", 1.0)]
    assert {(gap.reason, gap.detail) for gap in setting.store.settled} == {
        (GapReason.UNAVAILABLE, "TokenTransaction: InternalError")
    }


async def test_a_restart_reads_on_where_the_last_collector_stood() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START + minute): 1.0 for minute in range(100)}
    poller = await setting.poller()
    await setting.rounds(poller, 10)
    await poller.close()
    written = len(setting.index.documents)
    poller = await setting.poller()
    await setting.rounds(poller, 10)
    assert len(setting.index.documents) == written + 10
    assert [gap for gap in poller.progress.gaps() if gap.reason is not GapReason.NO_VALUE] == []


async def test_a_cursor_that_cannot_be_read_costs_a_back_fill_and_no_minute() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START + minute): 1.0 for minute in range(200)}
    poller = await setting.poller()
    await setting.rounds(poller, 100)
    setting.store.shards = dict.fromkeys(setting.store.shards, b"\xc1 no state of ours")
    setting.azure.now += 40 * 60
    poller = await setting.poller()
    await setting.rounds(poller, 40)
    minutes = {str(document.source["@timestamp"]) for document in setting.index.documents}
    assert len(minutes) == 177


async def test_whoever_is_overtaken_stops_before_it_writes() -> None:
    setting = Setting()
    setting.azure.values = {("GeneratedTokens", "a0", START - 1): 1.0}
    poller = await setting.poller()
    setting.store.overtaken = True
    with pytest.raises(OvertakenError):
        await setting.rounds(poller, 3)
    assert setting.index.documents == []


async def test_metrics_that_azure_splits_anew_are_not_read_twice() -> None:
    setting = Setting()
    setting.azure.values = {("TokenTransaction", "a0", START + minute): 1.0 for minute in range(100)}
    poller = await setting.poller()
    await setting.rounds(poller, 20)
    [group] = group_metrics([metric for metric in tokens().metrics if metric.name == "TokenTransaction"])
    wider: Any = type(group)(group.namespace, (*group.dimensions, "ServiceTierRequest"), group.metrics, group.questions)
    poller.aim([Target(account(0), (wider,))])
    await setting.rounds(poller, 20)
    minutes = [str(document.source["@timestamp"]) for document in setting.index.documents]
    assert len(minutes) == len(set(minutes)) == 37


@pytest.mark.parametrize("restarts", [(), (1,), (2,), (1, 2)], ids=["never", "first", "second", "both"])
@pytest.mark.parametrize("late", [False, True], ids=["new", "late"])
async def test_a_value_that_changes_between_two_broken_deliveries_is_listed(
    late: bool, restarts: tuple[int, ...]
) -> None:
    setting = Setting()
    if late:  # then the document of the minute is there, and a metric comes after it
        setting.azure.values["GeneratedTokens", "a0", START] = 5.0
        poller = await setting.poller()
        await setting.rounds(poller, 5)
    else:
        poller = await setting.poller()
        await setting.rounds(poller, 3)
    # What of the first delivery is written nobody knows, and the second one holds another value.
    for number, (value, taken) in enumerate([(1.0, 1), (12.0, 0)], 1):
        setting.azure.values["ProcessedPromptTokens", "a0", START] = value
        setting.index.takes = taken
        with pytest.raises(ExceptionGroup) as broken:
            await setting.rounds(poller, 6)
        assert broken.group_contains(BrokenOffError)
        if number in restarts:
            poller = await setting.poller()
    setting.index.takes = None
    await setting.rounds(poller, 6)
    assert ("a0", "processed_prompt_tokens", 1.0) in setting.index.values()
    assert (0, 1, GapState.LOST) in setting.store.listed(GapReason.RESTATED)
