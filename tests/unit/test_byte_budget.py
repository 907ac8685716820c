"""The budget (promise D14): bounded in bytes and in records, in order, and never stuck."""

import asyncio
import random

import pytest

from collector.delivery.budget import Budget


async def settle_tasks() -> None:
    """Let every task run as far as it can without anything new happening."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_fits_is_taken_at_once() -> None:
    budget = Budget(100)
    await budget.take(60)
    await budget.take(40)

    assert budget.taken == 100


async def test_what_does_not_fit_waits_until_enough_is_given_back() -> None:
    budget = Budget(100)
    await budget.take(80)
    waiting = asyncio.create_task(budget.take(50))
    await settle_tasks()
    assert not waiting.done()
    budget.give_back(20)
    await settle_tasks()
    assert not waiting.done()
    budget.give_back(10)
    await waiting

    assert budget.taken == 100


async def test_a_small_one_does_not_overtake_a_large_one() -> None:
    budget = Budget(100)
    await budget.take(60)
    order: list[str] = []

    async def take(name: str, size: int) -> None:
        await budget.take(size)
        order.append(name)

    tasks = [asyncio.create_task(take("large", 90)), asyncio.create_task(take("small", 10))]
    await settle_tasks()
    assert order == []
    budget.give_back(60)
    await asyncio.gather(*tasks)

    assert order == ["large", "small"]


async def test_one_larger_than_the_whole_budget_passes_alone() -> None:
    budget = Budget(100)
    await budget.take(1)
    large = asyncio.create_task(budget.take(500))
    await settle_tasks()
    assert not large.done()
    budget.give_back(1)
    await large
    behind = asyncio.create_task(budget.take(1))
    await settle_tasks()
    assert not behind.done()
    budget.give_back(500)
    await behind

    assert budget.taken == 1


async def test_one_that_is_cancelled_while_it_waits_takes_nothing() -> None:
    budget = Budget(100)
    await budget.take(100)
    waiting, behind = asyncio.create_task(budget.take(50)), asyncio.create_task(budget.take(100))
    await settle_tasks()
    waiting.cancel()
    await settle_tasks()
    budget.give_back(100)
    await behind

    assert (waiting.cancelled(), budget.taken) == (True, 100)


async def test_one_that_is_cancelled_just_after_its_turn_gives_back() -> None:
    budget = Budget(100)
    await budget.take(100)
    waiting, behind = asyncio.create_task(budget.take(60)), asyncio.create_task(budget.take(60))
    await settle_tasks()
    budget.give_back(100)  # its turn has come, and it has not run yet
    waiting.cancel()
    await behind

    assert (waiting.cancelled(), budget.taken) == (True, 60)


async def test_records_are_bounded_however_small_they_are() -> None:
    budget = Budget(100, most_records=3)
    await budget.take(1, 2)
    waiting = asyncio.create_task(budget.take(1, 2))
    await settle_tasks()
    assert not waiting.done()
    budget.give_back(1, 2)
    await waiting

    assert (budget.taken, budget.records) == (1, 2)


async def test_an_event_whose_records_nobody_has_counted_waits_while_there_are_as_many_as_may_be() -> None:
    budget = Budget(100, most_records=3)
    await budget.take(1)
    budget.add(0, 3)
    waiting = asyncio.create_task(budget.take(1))
    await settle_tasks()
    assert not waiting.done()
    budget.give_back(0, 1)
    await waiting

    assert (budget.taken, budget.records) == (2, 2)


@pytest.mark.parametrize("seed", range(50))
async def test_any_mixture_of_takers_stays_within_the_limit_and_all_get_through(seed: int) -> None:
    chance = random.Random(seed)
    budget, limit, served = Budget(100), 100, list[int]()

    async def use(number: int, size: int, steps: int) -> None:
        await budget.take(size)
        assert budget.taken <= max(limit, size)
        served.append(number)
        for _ in range(steps):
            await asyncio.sleep(0)
        budget.give_back(size)

    tasks = [asyncio.create_task(use(n, chance.randint(0, 130), chance.randint(0, 3))) for n in range(40)]
    await asyncio.wait_for(asyncio.gather(*tasks), 30)

    assert (served, budget.taken) == (sorted(served), 0)
    assert len(served) == len(tasks)
