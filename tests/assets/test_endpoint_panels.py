"""Each panel of `[Azure OpenAI] Azure ML endpoints` shows what a day of endpoints predicts.

Requests are those of the traffic log, and the same again in Azure Monitor's metrics; machines are Azure Monitor's.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    HALF_HOUR,
    Run,
    Times,
    assert_near_percentile,
    bucket,
    figure,
    load_dashboard,
    over_time,
    rows_of,
    runner,
    split_over_time,
)

from collector.assets.panels.model import Dashboard, TimeRange
from collector.scenario.capacity import Spread
from collector.scenario.endpoints import EndpointCall, EndpointDay, Machine

pytestmark = pytest.mark.engine

type Pick = Callable[[Machine], Spread | None]

KINDS = {429: "Throttled (429)", 424: "Model failed (424)", 408: "Model too slow (408)", 401: "Sign-in (401, 403)"}
REASONS = {
    401: "unauthorized",
    408: "upstream_timeout",
    424: "model_error",
    429: "too_many_pending_requests",
    503: "upstream_unavailable",
}


@pytest.fixture(scope="module")
def endpoints() -> Dashboard:
    return load_dashboard("aoai-ml-endpoints")


@pytest.fixture(scope="module")
def run(
    endpoints: Dashboard, elasticsearch_client: Elasticsearch, endpoints_namespace: str, endpoint_day: EndpointDay
) -> Run:
    """Run a panel by its title, over the whole day unless told otherwise."""
    return runner(
        elasticsearch_client, endpoints, [endpoints_namespace], TimeRange(endpoint_day.start, endpoint_day.end)
    )


def failed(calls: Iterable[EndpointCall]) -> list[EndpointCall]:
    return [call for call in calls if call.status >= 400]


def latencies(calls: Iterable[EndpointCall]) -> list[float]:
    return [float(call.latency_ms) for call in calls]


def counts(calls: Iterable[EndpointCall], name: Callable[[EndpointCall], str]) -> Counter[tuple[datetime, str]]:
    return Counter((bucket(call.at), name(call)) for call in calls)


def measured(day: EndpointDay, pick: Pick) -> dict[tuple[datetime, str], list[Spread]]:
    """What was measured of the machines of a deployment, by bucket."""
    found: defaultdict[tuple[datetime, str], list[Spread]] = defaultdict(list)
    for machine in day.machines:
        spread = pick(machine)
        if spread is not None:
            found[bucket(machine.minute), machine.deployment.name].append(spread)
    return dict(found)


def means(day: EndpointDay, pick: Pick) -> object:
    groups = measured(day, pick).items()
    return pytest.approx({key: sum(each.mean for each in group) / len(group) for key, group in groups}, rel=1e-9)


def test_requests(run: Run, endpoint_day: EndpointDay) -> None:
    noon = endpoint_day.start + timedelta(hours=12)
    (row,) = rows_of(run("Requests", "metric", start=noon))
    before = sum(call.at < noon for call in endpoint_day.calls)
    assert row == {"Requests": len(endpoint_day.calls) - before, "before": before}


def test_error_rate(run: Run, endpoint_day: EndpointDay) -> None:
    expected = len(failed(endpoint_day.calls)) / len(endpoint_day.calls)
    assert figure(run("Error rate", "metric")) == pytest.approx(expected)


def test_throttled(run: Run, endpoint_day: EndpointDay) -> None:
    expected = sum(call.status == 429 for call in endpoint_day.calls)
    assert figure(run("Throttled", "metric")) == expected > 0


def test_fullest_machine(run: Run, endpoint_day: EndpointDay) -> None:
    (row,) = rows_of(run("Fullest machine", "metric"))
    machines = endpoint_day.machines
    assert row == {
        "CPU": max(machine.cpu.most for machine in machines),
        "GPU": max(machine.gpu.most for machine in machines if machine.gpu),
    }


def test_requests_per_minute_by_status(run: Run, endpoint_day: EndpointDay) -> None:
    shown = split_over_time(run("Requests per minute by status", "xy"), "Requests", "Status")
    expected = counts(endpoint_day.calls, lambda call: f"{call.status // 100}xx")
    minutes = HALF_HOUR / timedelta(minutes=1)
    assert shown == pytest.approx({key: count / minutes for key, count in expected.items()})
    assert {name for _, name in shown} == {"2xx", "4xx", "5xx"}


def test_errors_by_kind(run: Run, endpoint_day: EndpointDay) -> None:
    shown = split_over_time(run("Errors by kind", "xy"), "Errors", "Kind")
    expected = counts(failed(endpoint_day.calls), lambda call: KINDS.get(call.status, "Server error (5xx)"))
    assert shown == expected
    assert {name for _, name in shown} == {*KINDS.values(), "Server error (5xx)"}


def test_latency(run: Run, endpoint_day: EndpointDay) -> None:
    table = run("Latency", "xy")
    groups: defaultdict[datetime, list[EndpointCall]] = defaultdict(list)
    for call in endpoint_day.calls:
        groups[bucket(call.at)].append(call)
    for percent in (50, 95, 99):
        shown = over_time(table, f"p{percent}")
        assert shown.keys() == groups.keys()
        for at, calls in groups.items():
            assert_near_percentile(shown[at], percent, latencies(calls))


def test_slowest_minute(run: Run, endpoint_day: EndpointDay) -> None:
    minutes: defaultdict[tuple[datetime, str, str], list[EndpointCall]] = defaultdict(list)
    for call in endpoint_day.calls:
        place = (call.deployment.endpoint, call.deployment.name)
        minutes[call.at.replace(second=0, microsecond=0), *place].append(call)
    expected: Times = {}
    for (minute, _, name), calls in minutes.items():
        key = (bucket(minute), name)
        expected[key] = max(expected.get(key, 0), sorted(latencies(calls))[math.ceil(0.95 * len(calls)) - 1])
    assert split_over_time(run("Slowest minute", "xy"), "p95", "Deployment") == expected


@pytest.mark.parametrize(
    ("title", "pick"),
    [
        ("CPU", lambda machine: machine.cpu),
        ("Memory", lambda machine: machine.memory),
        ("GPU", lambda machine: machine.gpu),
        ("GPU memory", lambda machine: machine.gpu_memory),
    ],
    ids=["CPU", "memory", "GPU", "GPU memory"],
)
def test_how_busy_machines_are(run: Run, endpoint_day: EndpointDay, title: str, pick: Pick) -> None:
    assert split_over_time(run(title, "xy"), title, "Deployment") == means(endpoint_day, pick)


def test_disk(run: Run, endpoint_day: EndpointDay) -> None:
    groups = measured(endpoint_day, lambda machine: machine.disk).items()
    expected = {key: max(each.most for each in group) for key, group in groups}
    assert split_over_time(run("Disk", "xy"), "Disk", "Deployment") == expected


def test_machines(run: Run, endpoint_day: EndpointDay) -> None:
    found: defaultdict[tuple[datetime, str], set[str]] = defaultdict(set)
    for machine in endpoint_day.machines:
        found[bucket(machine.minute), machine.deployment.name].add(machine.instance)
    shown = split_over_time(run("Machines", "xy"), "Machines", "Deployment")
    assert shown == {key: len(instances) for key, instances in found.items()}


def test_deployments(run: Run, endpoint_day: EndpointDay) -> None:
    rows = rows_of(run("Deployments", "table"))
    groups: defaultdict[tuple[str, str], list[EndpointCall]] = defaultdict(list)
    for call in endpoint_day.calls:
        groups[call.deployment.endpoint, call.deployment.name].append(call)
    assert len(rows) == len(groups)
    for row in rows:
        calls = groups[str(row["Endpoint"]), str(row["Deployment"])]
        assert row["Requests"] == len(calls)
        assert row["Error rate"] == pytest.approx(len(failed(calls)) / len(calls))
        assert row["Throttled"] == sum(call.status == 429 for call in calls)
        for percent in (50, 95, 99):
            assert_near_percentile(row[f"p{percent}"], percent, latencies(calls))


def test_why_requests_fail(run: Run, endpoint_day: EndpointDay) -> None:
    expected = []
    for status, reason in REASONS.items():
        calls = [call for call in endpoint_day.calls if call.status == status]
        last = max(call.at for call in calls)
        expected.append(
            {
                "Reason": reason,
                "Requests": len(calls),
                "Callers": len({call.caller for call in calls} - {""}),
                "Failed in the model": sum((call.model_status or 0) >= 400 for call in calls),
                "Last": last.replace(microsecond=last.microsecond // 1000 * 1000),
            }
        )
    rows = rows_of(run("Why requests fail", "table"))
    assert sorted(rows, key=reason_of) == sorted(expected, key=reason_of)
    requests = [row["Requests"] for row in rows]
    assert requests == sorted(requests, reverse=True)


def reason_of(row: object) -> str:
    assert isinstance(row, dict)
    return str(row["Reason"])


def test_latest_errors(run: Run, endpoint_day: EndpointDay) -> None:
    rows = rows_of(run("Latest errors", "documents"))
    latest = failed(sorted(endpoint_day.calls, key=lambda call: call.at, reverse=True))[: len(rows)]
    assert len(rows) >= 10
    assert [row["http.request.id"] for row in rows] == [call.request_id for call in latest]


def test_every_panel_has_a_test_here(endpoints: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in endpoints.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Requests", "metric"),
            ("Error rate", "metric"),
            ("Throttled", "metric"),
            ("Fullest machine", "metric"),
            ("Requests per minute by status", "xy"),
            ("Errors by kind", "xy"),
            ("Latency", "xy"),
            ("Slowest minute", "xy"),
            ("CPU", "xy"),
            ("Memory", "xy"),
            ("Disk", "xy"),
            ("GPU", "xy"),
            ("GPU memory", "xy"),
            ("Machines", "xy"),
            ("Deployments", "table"),
            ("Why requests fail", "table"),
            ("Latest errors", "documents"),
        ]
    )
