"""Each panel of `[Azure OpenAI] Capacity` shows what the ledger of a day and its readings predict.

Requests, tokens and their statuses are those of the ledger's calls, as Azure Monitor counts them; how full and how fast
provisioned deployments are, and what spilled over, are those of the readings.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    HALF_HOUR,
    Run,
    bucket,
    figure,
    load_dashboard,
    over_time,
    rows_of,
    runner,
    split_over_time,
)

from collector.assets.panels.model import Dashboard, TimeRange
from collector.scenario import Ledger, MeteredMinute, Place
from collector.scenario.budget import UNIT_HOUR
from collector.scenario.capacity import Reading
from collector.scenario.prices import price
from collector.scenario.quotas import Quota
from collector.scenario.world import PROVISIONED

pytestmark = pytest.mark.engine

type Figure = Callable[[Reading], float]


@pytest.fixture(scope="module")
def capacity() -> Dashboard:
    return load_dashboard("aoai-capacity")


@pytest.fixture(scope="module")
def run(
    capacity: Dashboard,
    elasticsearch_client: Elasticsearch,
    scenario_namespace: str,
    readings_namespace: str,
    ledger: Ledger,
) -> Run:
    """Run a panel by its title, over the whole day."""
    here = [scenario_namespace, readings_namespace]
    return runner(elasticsearch_client, capacity, here, TimeRange(ledger.start, ledger.end))


def count(minutes: Sequence[MeteredMinute], *, least: int = 0, most: int = 999) -> int:
    """The calls with a status between two."""
    return sum(len(minute.calls) for minute in minutes if least <= minute.status <= most)


def spilled(readings: Sequence[Reading]) -> int:
    return sum(reading.spilled for reading in readings)


def by_time(readings: Sequence[Reading], pick: Figure) -> dict[datetime, list[float]]:
    groups: defaultdict[datetime, list[float]] = defaultdict(list)
    for reading in readings:
        groups[bucket(reading.minute)].append(pick(reading))
    return dict(groups)


def means(readings: Sequence[Reading], pick: Figure) -> object:
    expected = {at: sum(values) / len(values) for at, values in by_time(readings, pick).items()}
    return pytest.approx(expected, rel=1e-9)


def most(readings: Sequence[Reading], pick: Figure) -> dict[datetime, float]:
    return {at: max(values) for at, values in by_time(readings, pick).items()}


def split_means(readings: Sequence[Reading], pick: Figure) -> object:
    groups: defaultdict[tuple[datetime, str], list[float]] = defaultdict(list)
    for reading in readings:
        groups[bucket(reading.minute), reading.place.deployment.name].append(pick(reading))
    return pytest.approx({key: sum(values) / len(values) for key, values in groups.items()}, rel=1e-9)


def test_fullest_minute(run: Run, readings: Sequence[Reading]) -> None:
    assert figure(run("Fullest minute", "metric")) == max(reading.utilization.most for reading in readings)


def test_availability(run: Run, ledger: Ledger, readings: Sequence[Reading]) -> None:
    failed = count(ledger.metered, least=500)
    expected = 1 - failed / (count(ledger.metered) + spilled(readings))
    assert failed > 0
    assert figure(run("Availability", "metric")) == pytest.approx(expected, rel=1e-9)


def test_throttled(run: Run, ledger: Ledger, readings: Sequence[Reading]) -> None:
    expected = count(ledger.metered, least=429, most=429) / (count(ledger.metered) + spilled(readings))
    assert expected > 0
    assert figure(run("Throttled", "metric")) == pytest.approx(expected, rel=1e-9)


def test_spilled_over(run: Run, ledger: Ledger, readings: Sequence[Reading]) -> None:
    expected = spilled(readings) / (count(ledger.metered) + spilled(readings))
    assert expected > 0
    assert figure(run("Spilled over", "metric")) == pytest.approx(expected, rel=1e-9)


def test_utilisation_of_provisioned_throughput(run: Run, readings: Sequence[Reading]) -> None:
    shown = split_over_time(run("Utilisation of provisioned throughput", "xy"), "Utilisation", "Deployment")
    assert shown == split_means(readings, lambda reading: reading.utilization.mean)


def test_throttled_requests_and_utilisation(run: Run, ledger: Ledger, readings: Sequence[Reading]) -> None:
    table = run("Throttled requests and utilisation", "xy")
    throttled = Counter[datetime]()
    for minute in ledger.metered:
        throttled[bucket(minute.minute)] += count([minute], least=429, most=429)
    assert over_time(table, "Throttled") == +throttled
    assert over_time(table, "Fullest minute") == most(readings, lambda reading: reading.utilization.most)


def test_time_to_first_token(run: Run, readings: Sequence[Reading]) -> None:
    table = run("Time to first token", "xy")
    assert over_time(table, "Mean") == means(readings, lambda reading: reading.first_token.mean)
    assert over_time(table, "Slowest") == most(readings, lambda reading: reading.first_token.most)


def test_time_between_tokens(run: Run, readings: Sequence[Reading]) -> None:
    table = run("Time between tokens", "xy")
    assert over_time(table, "Mean") == means(readings, lambda reading: reading.between_tokens.mean)
    assert over_time(table, "Slowest") == most(readings, lambda reading: reading.between_tokens.most)


def test_tokens_a_second(run: Run, readings: Sequence[Reading]) -> None:
    shown = split_over_time(run("Tokens a second", "xy"), "Tokens a second", "Deployment")
    assert shown == split_means(readings, lambda reading: reading.speed.mean)


def test_active_tokens(run: Run, readings: Sequence[Reading]) -> None:
    expected = Counter[tuple[datetime, str]]()
    for reading in readings:
        expected[bucket(reading.minute), reading.place.deployment.name] += reading.active_tokens
    assert split_over_time(run("Active tokens", "xy"), "Active tokens", "Deployment") == expected


def test_prompts_from_the_cache(run: Run, readings: Sequence[Reading]) -> None:
    shown = split_over_time(run("Prompts from the cache", "xy"), "From the cache", "Deployment")
    assert shown == split_means(readings, lambda reading: reading.cached.mean)


def test_availability_by_deployment(run: Run, ledger: Ledger, readings: Sequence[Reading]) -> None:
    rows = {str(row["Deployment"]): row for row in rows_of(run("Availability by deployment", "table"))}
    names = {minute.place.deployment.name for minute in ledger.metered}
    assert rows.keys() == names
    for name in names:
        minutes = [minute for minute in ledger.metered if minute.place.deployment.name == name]
        all_calls = count(minutes) + spilled([each for each in readings if each.place.deployment.name == name])
        assert rows[name] == pytest.approx(
            {
                "Deployment": name,
                "Requests": all_calls,
                "Availability": 1 - count(minutes, least=500) / all_calls,
                "Throttled": count(minutes, least=429, most=429) / all_calls,
            }
        )


def tokens_by_minute(ledger: Ledger) -> dict[Place, Counter[datetime]]:
    """Tokens of the minutes of each place that used any."""
    places: defaultdict[Place, Counter[datetime]] = defaultdict(Counter)
    for minute in ledger.metered:
        if usage := minute.usage:
            places[minute.place][minute.minute] += usage.input_tokens + usage.output_tokens
    return dict(places)


def test_limits_of_standard_deployments(run: Run, ledger: Ledger) -> None:
    rows = {
        (row["Resource"], row["Deployment"]): row for row in rows_of(run("Limits of standard deployments", "table"))
    }
    places = {place: used for place, used in tokens_by_minute(ledger).items() if place not in PROVISIONED}
    assert rows.keys() == {(place.resource.name, place.deployment.name) for place in places}
    for place, used in places.items():
        busiest, limit = max(used.values()), place.capacity * 1000
        assert rows[place.resource.name, place.deployment.name] == pytest.approx(
            {
                "Resource": place.resource.name,
                "Deployment": place.deployment.name,
                "Busiest minute": busiest,
                "Limit": limit,
                "Used": busiest / limit,
            }
        )


def test_provisioned_deployments(run: Run, ledger: Ledger, readings: Sequence[Reading]) -> None:
    rows = rows_of(run("Provisioned deployments", "table"))
    used = tokens_by_minute(ledger)
    (place,) = PROVISIONED
    tokens = used[place].total()
    assert rows == [
        pytest.approx(
            {
                "Resource": place.resource.name,
                "Deployment": place.deployment.name,
                "Units": place.capacity,
                "Utilisation": sum(reading.utilization.mean for reading in readings) / len(readings),
                "Tokens": tokens,
                "Tokens a unit": tokens / place.capacity,
                "By the token": sum(by_the_token(ledger).values()),
                "of it a unit": sum(by_the_token(ledger).values()) / place.capacity,
            }
        )
    ]


def by_the_token(ledger: Ledger) -> Counter[datetime]:
    """What the tokens of the provisioned deployment would cost in a global standard one, by bucket."""
    worth: Counter[datetime] = Counter()
    for minute in ledger.metered:
        if minute.place in PROVISIONED and minute.usage:
            cost = price(minute.place.model, minute.minute.date(), minute.usage, sku="GlobalStandard", one_call=False)
            assert cost is not None
            worth[bucket(minute.minute)] += cost
    return worth


def test_by_the_token_or_by_the_hour(run: Run, ledger: Ledger) -> None:
    table = run("By the token or by the hour", "xy")
    (place,) = PROVISIONED
    hours = HALF_HOUR / timedelta(hours=1)
    expected = {(at, place.deployment.name): cost / hours for at, cost in by_the_token(ledger).items()}
    # The last bucket ends a millisecond early, as the day that is looked at.
    assert split_over_time(table, "By the token", "Deployment") == pytest.approx(expected, rel=1e-5)
    by_the_hour = dict.fromkeys(expected, UNIT_HOUR * place.capacity)
    assert split_over_time(table, "By the hour", "Deployment") == by_the_hour
    assert len(expected) > 1


def test_quotas(run: Run, quotas: Sequence[Quota]) -> None:
    most: dict[tuple[str, str, str], Quota] = {}
    for quota in quotas:
        key = (quota.subscription, quota.region, quota.description)
        if quota.limit and (key not in most or most[key].given < quota.given):
            most[key] = quota
    rows = rows_of(run("Quotas", "table"))
    assert {(str(row["Subscription"]), str(row["Region"]), str(row["Quota"])): row for row in rows} == {
        key: pytest.approx(
            {
                "Subscription": key[0],
                "Region": key[1],
                "Quota": key[2],
                "Given": quota.given,
                "Limit": quota.limit,
                "Left": quota.limit - quota.given,
                "Given share": quota.given / quota.limit,
            }
        )
        for key, quota in most.items()
    }


def test_every_panel_has_a_test_here(capacity: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in capacity.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Fullest minute", "metric"),
            ("Availability", "metric"),
            ("Throttled", "metric"),
            ("Spilled over", "metric"),
            ("Utilisation of provisioned throughput", "xy"),
            ("Throttled requests and utilisation", "xy"),
            ("Time to first token", "xy"),
            ("Time between tokens", "xy"),
            ("Tokens a second", "xy"),
            ("Active tokens", "xy"),
            ("Prompts from the cache", "xy"),
            ("Availability by deployment", "table"),
            ("Limits of standard deployments", "table"),
            ("Provisioned deployments", "table"),
            ("Quotas", "table"),
            ("By the token or by the hour", "xy"),
        ]
    )
