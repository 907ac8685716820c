"""A bulk is closed by count, by bytes or by age."""

from collections.abc import Callable

import pytest

from collector.output.elasticsearch.batching import BulkBuilder, Loads
from collector.output.elasticsearch.items import Item


class Timer:
    def __init__(self, delay: float, action: Callable[[], None]) -> None:
        self.delay, self.action, self.cancelled = delay, action, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """An event loop's timers, which run when the test says so."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def call_later(self, delay: float, action: Callable[[], None]) -> Timer:
        self.timers.append(Timer(delay, action))
        return self.timers[-1]

    @property
    def pending(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.cancelled]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr("asyncio.get_running_loop", lambda: made)
    return made


def item(size: int = 10) -> Item:
    return Item(b"x" * size, lambda: None)


def build(max_items: int = 1000, max_bytes: int = 1000, max_age: float = 5.0) -> tuple[BulkBuilder, list[Loads]]:
    bulks: list[Loads] = []
    return BulkBuilder(bulks.append, max_items=max_items, max_bytes=max_bytes, max_age=max_age), bulks


def test_a_bulk_is_closed_when_it_holds_enough_items(loop: Loop) -> None:
    builder, bulks = build(max_items=3)
    items = [item() for _ in range(7)]
    for one in items:
        builder.add(one)

    assert bulks == [items[:3], items[3:6]]


def test_a_bulk_is_closed_before_it_would_grow_too_large(loop: Loop) -> None:
    builder, bulks = build(max_bytes=100)
    for size in (60, 30, 20, 50):
        builder.add(item(size))

    assert [[len(one.lines) for one in bulk] for bulk in bulks] == [[60, 30]]


def test_a_bulk_of_exactly_the_bytes_allowed_is_closed(loop: Loop) -> None:
    builder, bulks = build(max_bytes=100)
    builder.add(item(60))
    builder.add(item(40))

    assert len(bulks) == 1


def test_an_item_larger_than_a_bulk_may_be_travels_alone(loop: Loop) -> None:
    builder, bulks = build(max_bytes=100)
    for size in (10, 500, 10):
        builder.add(item(size))

    assert [[len(one.lines) for one in bulk] for bulk in bulks] == [[10], [500]]


def test_a_bulk_is_closed_when_its_first_item_is_old(loop: Loop) -> None:
    builder, bulks = build(max_age=5.0)
    builder.add(item())
    builder.add(item())
    [timer] = loop.pending
    assert (timer.delay, bulks) == (5.0, [])

    timer.action()
    assert [len(bulk) for bulk in bulks] == [2]


def test_a_closed_bulk_leaves_no_timer_that_would_close_the_next_too_early(loop: Loop) -> None:
    builder, bulks = build(max_items=2)
    for _ in range(3):
        builder.add(item())

    assert (len(loop.timers), len(loop.pending), len(bulks)) == (2, 1, 1)


def test_closing_with_nothing_in_it_delivers_nothing(loop: Loop) -> None:
    builder, bulks = build()
    builder.close()

    assert (bulks, loop.timers) == ([], [])
