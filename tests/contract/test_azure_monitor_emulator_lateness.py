"""Values of the Azure Monitor emulator that are partial, late, restated or missing, and the ledger that knows."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from plugins.azure_monitor import Sky, open_sky
from plugins.tls_server import Certificates

from collector.emulators.azure_monitor import DEFAULT_SUBSCRIPTION, Arrival, Kind

SCOPE = f"/subscriptions/{DEFAULT_SUBSCRIPTION}"
EAST = f"{SCOPE}/resourceGroups/rg-llm/providers/Microsoft.CognitiveServices/accounts/aoai-east"
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
METRIC = "AzureOpenAIRequests"


async def read(sky: Sky, minute: datetime = NOON) -> dict[str, float]:
    """Return the calls of one minute by deployment, as they can be read now."""
    reply = await sky.get(
        f"{EAST}/providers/Microsoft.Insights/metrics",
        timespan=f"{minute:%Y-%m-%dT%H:%M:%SZ}/{minute + MINUTE:%Y-%m-%dT%H:%M:%SZ}",
        metricnames=METRIC,
        aggregation="Total",
        **{"$filter": "ModelDeploymentName eq '*'"},
    )
    return {
        series["metadatavalues"][0]["value"]: point["total"]
        for series in reply.body["value"][0]["timeseries"]
        for point in series["data"]
        if "total" in point
    }


def final(sky: Sky, minute: datetime = NOON) -> dict[str, float]:
    totals = sky.azure.ledger.final(EAST, METRIC, minute, ["ModelDeploymentName"])
    return {names[0]: sample.total for names, sample in totals.items()}


async def test_a_new_minute_grows_until_it_settles(certificates: Certificates) -> None:
    async with open_sky(certificates) as sky:
        sky.grant(SCOPE)
        sums: list[float] = []
        for seconds in (-1, 1, 60, 149, 150, 3000):
            sky.clock.now = NOON + timedelta(seconds=seconds)
            sums.append(sum((await read(sky)).values()))

        whole = sum(final(sky).values())
        assert sums[0] == 0
        assert sums == sorted(sums)
        assert sums[3] < whole
        assert sums[4:] == [whole, whole]


@pytest.mark.parametrize("settling", [0, 60, 240])
async def test_how_long_a_minute_takes_to_settle_can_be_chosen(certificates: Certificates, settling: int) -> None:
    async with open_sky(certificates, arrival=Arrival(settling=timedelta(seconds=settling))) as sky:
        sky.grant(SCOPE)
        sky.clock.now = NOON + timedelta(seconds=59 + settling)
        assert await read(sky) != final(sky)
        sky.clock.now = NOON + timedelta(seconds=60 + settling)
        assert await read(sky) == final(sky)


async def test_a_late_value_is_not_there_and_then_right(certificates: Certificates) -> None:
    delay = (timedelta(minutes=10), timedelta(minutes=10))
    async with open_sky(certificates, arrival=Arrival(late=1, delay=delay)) as sky:
        sky.grant(SCOPE)
        sky.clock.now = NOON + timedelta(minutes=10, seconds=59)
        assert await read(sky) == {}
        sky.clock.now = NOON + timedelta(minutes=11)
        assert await read(sky) == final(sky) != {}


async def test_a_restated_value_is_wrong_and_then_right(certificates: Certificates) -> None:
    delay = (timedelta(minutes=10), timedelta(minutes=10))
    async with open_sky(certificates, arrival=Arrival(restated=1, delay=delay)) as sky:
        sky.grant(SCOPE)
        sky.clock.now = NOON + timedelta(minutes=10, seconds=59)
        before = await read(sky)
        truth = final(sky)
        assert before.keys() == truth.keys()
        assert all(before[name] != truth[name] for name in truth)
        sky.clock.now = NOON + timedelta(minutes=11)
        assert await read(sky) == truth


async def test_a_missing_value_never_comes(certificates: Certificates) -> None:
    async with open_sky(certificates, arrival=Arrival(missing=1)) as sky:
        sky.grant(SCOPE)
        sky.clock.now = NOON + timedelta(days=2)
        assert await read(sky) == final(sky) == {}


async def test_what_is_older_than_93_days_is_gone(certificates: Certificates) -> None:
    async with open_sky(certificates) as sky:
        sky.grant(SCOPE)
        sky.clock.now = NOON + timedelta(days=93)
        assert await read(sky) == final(sky) != {}
        sky.clock.advance(minutes=1)
        assert await read(sky) == {}


async def test_after_the_last_delay_all_that_is_read_is_final(certificates: Certificates) -> None:
    arrival = Arrival(seed=3, late=0.2, restated=0.2, missing=0.2)
    async with open_sky(certificates, arrival=arrival) as sky:
        sky.grant(SCOPE)
        minutes = [NOON + MINUTE * number for number in range(15)]
        sky.clock.now = minutes[-1] + timedelta(minutes=3)
        early = [await read(sky, minute) for minute in minutes]
        sky.clock.now = minutes[-1] + MINUTE + arrival.delay[1]
        truth = [final(sky, minute) for minute in minutes]
        assert early != truth
        assert [await read(sky, minute) for minute in minutes] == truth


async def test_the_ledger_lists_every_value_with_its_fate(certificates: Certificates) -> None:
    arrival = Arrival(seed=5, late=0.05, restated=0.01, missing=0.03)
    async with open_sky(certificates, arrival=arrival) as sky:
        minutes = [NOON + MINUTE * number for number in range(60)]
        entries = [*sky.azure.ledger.entries(minutes, {METRIC, "TimeToResponse"})]

    shares = {kind: count / len(entries) for kind, count in Counter(each.kind for each in entries).items()}
    assert len(entries) > 500
    # The seed is fixed, so these are the same shares in every run.
    assert shares[Kind.LATE] == pytest.approx(0.05, abs=0.02)
    assert shares[Kind.MISSING] == pytest.approx(0.03, abs=0.02)
    assert shares[Kind.RESTATED] == pytest.approx(0.01, abs=0.01)
    for each in entries:
        settled = each.settled - each.minute - MINUTE
        assert (each.final is None) is (each.kind is Kind.MISSING)
        if each.kind in {Kind.LATE, Kind.RESTATED}:
            assert arrival.delay[0] <= settled <= arrival.delay[1]


async def test_a_fate_does_not_depend_on_who_asks_when(certificates: Certificates) -> None:
    arrival = Arrival(seed=1, late=0.3, restated=0.3)
    found: list[list[dict[str, float]]] = []
    for step in (1, -1):
        async with open_sky(certificates, arrival=arrival) as sky:
            sky.grant(SCOPE)
            minutes = [NOON + MINUTE * number for number in range(10)]
            sky.clock.now = minutes[-1] + timedelta(minutes=8)
            found.append([await read(sky, minute) for minute in minutes[::step]][::step])
    assert found[0] == found[1]
