"""Documents on their way in: all are settled before the caller goes on, within the budget of the output."""

import asyncio

import pytest

from collector.delivery.budget import Budget
from collector.delivery.documents import DocumentIntake
from collector.output.elasticsearch.items import Item
from collector.telemetry.counters import Counters

LINE = b'{"create":{}}\n' + b"x" * 1000 + b"\n"


class HeldOutput:
    """Takes items and settles none until it is told to."""

    def __init__(self, counters: Counters) -> None:
        self.items: list[Item] = []
        self._counters = counters

    def add(self, load: Item) -> None:
        self.items.append(load)

    def settle(self, count: int | None = None) -> None:
        for item in self.items[:count]:
            self._counters.in_flight -= 1
            self._counters.indexed += 1
            item.settle()
        del self.items[:count]


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def output(counters: Counters) -> HeldOutput:
    return HeldOutput(counters)


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_it_returns_when_the_last_document_is_settled(output: HeldOutput, counters: Counters) -> None:
    budget = Budget(1 << 20)
    delivery = asyncio.create_task(DocumentIntake(output, budget, counters).deliver([LINE] * 200))
    await turn()
    assert (counters.received, counters.in_flight) == (200, 200)
    assert budget.taken == 200 * len(LINE)
    output.settle(199)
    await turn()
    assert not delivery.done()
    output.settle()
    await delivery
    assert (budget.taken, budget.records) == (0, 0)
    assert counters.balanced


async def test_what_does_not_fit_waits_for_what_is_under_way(output: HeldOutput, counters: Counters) -> None:
    budget = Budget(100 * len(LINE))
    delivery = asyncio.create_task(DocumentIntake(output, budget, counters).deliver([LINE] * 300))
    await turn()
    assert 0 < len(output.items) <= 100
    while not delivery.done():
        assert budget.taken <= 100 * len(LINE)
        output.settle(len(output.items))
        await turn()
    assert counters.received == counters.indexed == 300


async def test_nothing_to_deliver_is_done_at_once(output: HeldOutput, counters: Counters) -> None:
    await DocumentIntake(output, Budget(1), counters).deliver([])
    assert counters.received == 0


async def test_documents_in_doubt_are_marked_for_the_look_up(output: HeldOutput, counters: Counters) -> None:
    intake = DocumentIntake(output, Budget(1 << 20), counters)
    delivery = asyncio.gather(intake.deliver([LINE], in_doubt=True), intake.deliver([LINE]))
    await turn()
    assert [item.in_doubt for item in output.items] == [True, False]
    output.settle()
    await delivery


async def test_whoever_is_cancelled_leaves_the_account_whole(output: HeldOutput, counters: Counters) -> None:
    budget = Budget(100 * len(LINE))
    delivery = asyncio.create_task(DocumentIntake(output, budget, counters).deliver([LINE] * 300))
    await turn()
    delivery.cancel()
    await asyncio.wait([delivery])
    output.settle()
    assert (budget.taken, counters.in_flight) == (0, 0)
    assert counters.balanced
