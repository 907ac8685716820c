"""States of components, and the pages that tell them."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from collector.telemetry.endpoint import Endpoint, Pages, is_loopback
from collector.telemetry.health import Component, State
from collector.telemetry.trouble import Trouble

type Serve = Callable[..., Awaitable[str]]


def in_trouble(*, grave: bool) -> Trouble:
    trouble = Trouble("test")
    trouble.report("something is wrong", "because", grave=grave)
    return trouble


def test_a_component_starts_and_is_then_as_healthy_as_its_worst_trouble_lets_it() -> None:
    well, passing, grave = Trouble("test"), in_trouble(grave=False), in_trouble(grave=True)
    assert Component("output", "default", started=False, troubles=(well,)).state is State.STARTING
    assert Component("output", "default", started=True, troubles=(well,)).state is State.HEALTHY
    assert Component("output", "default", started=True, troubles=(well, passing)).state is State.DEGRADED
    assert Component("output", "default", started=False, troubles=(passing, grave)).state is State.FAILED


def test_a_trouble_that_is_over_leaves_nothing_but_the_time_of_its_end() -> None:
    trouble = Trouble("test", wall_clock=lambda: 1234.5)
    assert trouble.last_success_at is None
    trouble.report("something is wrong", "because", grave=True)
    assert (trouble.what, trouble.reason, trouble.grave) == ("something is wrong", "because", True)
    trouble.over()
    assert (trouble.what, trouble.reason, trouble.grave, trouble.last_success_at) == (None, "", False, 1234.5)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    started: list[Endpoint] = []

    async def start(*components: Component) -> str:
        started.append(Endpoint(Pages(list, lambda: components, "1.2.3").answers))
        return await started[-1].listen("127.0.0.1", 0)

    yield start
    for endpoint in started:
        await endpoint.close()


async def test_readiness_is_503_until_everything_is_healthy(serve: Serve) -> None:
    well = Component("output", "default", started=True, troubles=(Trouble("test"),))
    hurt = Component("stream", "logs", started=True, troubles=(in_trouble(grave=False), in_trouble(grave=True)))
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{await serve(well)}/readyz")
        assert (answer.status, (await answer.json())["ready"]) == (200, True)
        answer = await session.get(f"{await serve(well, hurt)}/readyz")
        assert answer.status == 503
        assert json.loads(await answer.text()) == {
            "ready": False,
            "components": [
                {"component": "output", "name": "default", "state": "healthy"},
                {
                    "component": "stream",
                    "name": "logs",
                    "state": "failed",
                    "troubles": [{"what": "something is wrong", "reason": "because"}] * 2,
                },
            ],
        }


async def test_an_answer_says_who_it_is_of_and_that_nobody_may_keep_it(serve: Serve) -> None:
    async with aiohttp.ClientSession() as session:
        for page in ("/metrics", "/healthz", "/readyz", "/other"):
            answer = await session.get(f"{await serve()}{page}")
            kept = (answer.headers["Server"], answer.headers["Cache-Control"])
            assert kept == ("aoai-collector", "no-store")


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::", False),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_told_from_other_addresses(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
