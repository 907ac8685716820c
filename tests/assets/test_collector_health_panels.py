"""Each panel of `[Azure OpenAI] Collector health` shows what two collectors told of themselves over a day.

Expected is worked out from the reports: the numbers of the collector's own telemetry, before they were documents.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    Row,
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
from collector.scenario import Ledger
from collector.scenario.dead_letters import list_dead_letters
from collector.scenario.upkeep import Report
from collector.telemetry.counters import Counters
from collector.telemetry.status import GapStatus, OutputStatus, PartitionStatus, ProcessStatus

pytestmark = pytest.mark.engine

type Subject = PartitionStatus | GapStatus | OutputStatus | ProcessStatus


@pytest.fixture(scope="module")
def health() -> Dashboard:
    return load_dashboard("aoai-collector-health")


@pytest.fixture(scope="module")
def run(health: Dashboard, elasticsearch_client: Elasticsearch, upkeep_namespace: str, ledger: Ledger) -> Run:
    """Run a panel by its title, over the whole day unless told otherwise."""
    return runner(elasticsearch_client, health, [upkeep_namespace], TimeRange(ledger.start, ledger.end))


def partitions(reports: Iterable[Report]) -> list[tuple[Report, PartitionStatus]]:
    return [(report, each) for report in reports for each in report.of(PartitionStatus)]


def gaps(reports: Iterable[Report]) -> list[tuple[Report, GapStatus]]:
    return [(report, each) for report in reports for each in report.of(GapStatus)]


def outputs(reports: Iterable[Report]) -> list[tuple[Report, OutputStatus]]:
    return [(report, each) for report in reports for each in report.of(OutputStatus)]


def greatest[Key](pairs: Iterable[tuple[Key, float]]) -> dict[Key, float]:
    """The greatest value of each key."""
    found: dict[Key, float] = {}
    for key, value in pairs:
        found[key] = max(found.get(key, value), value)
    return found


def happened[Key](values: dict[Key, float]) -> dict[Key, float]:
    """Without what is 0, which the tables of a chart leave out as well."""
    return {key: value for key, value in values.items() if value}


def rate(reports: Sequence[Report], count: Callable[[Counters], int]) -> dict[tuple[datetime, str], float]:
    """What a counter grew in each half hour of a run, a minute, from the first report in it to the last."""
    told: defaultdict[tuple[datetime, str], list[tuple[datetime, int]]] = defaultdict(list)
    for report, output in outputs(reports):
        told[bucket(report.at), report.collector.ephemeral_id].append((report.at, count(output.counters)))
    rates: dict[tuple[datetime, str], float] = {}
    for key, ((since, before), *_, (until, after)) in told.items():
        rates[key] = (after - before) / ((until - since) / timedelta(minutes=1))
    return rates


def rows_by(rows: Sequence[Row], *labels: str) -> dict[tuple[str, ...], Row]:
    """The rows of a table by these labels of theirs, with the other columns."""
    found = {tuple(str(row[label]) for label in labels): row for row in rows}
    assert len(found) == len(rows)
    return {key: {name: row[name] for name in row if name not in labels} for key, row in found.items()}


def test_most_events_waiting(run: Run, upkeep: Sequence[Report]) -> None:
    most = max(each.lag_events or 0 for _, each in partitions(upkeep))
    assert figure(run("Most events waiting", "metric")) == most > 100_000


def test_longest_without_a_checkpoint(run: Run, upkeep: Sequence[Report]) -> None:
    longest = max(each.checkpoint_age_seconds for _, each in partitions(upkeep))
    assert figure(run("Longest without a checkpoint", "metric")) == longest > 3000


def test_refused(run: Run, upkeep: Sequence[Report]) -> None:
    last = {report.collector: output.counters.dead_lettered for report, output in outputs(upkeep)}
    assert figure(run("Refused", "metric")) == sum(last.values()) > 0


def test_collectors(run: Run, upkeep: Sequence[Report]) -> None:
    names, versions = ({part(report) for report in upkeep} for part in (name_of, version_of))
    (row,) = rows_of(run("Collectors", "metric"))
    assert row == {"Collectors": len(names), "versions": len(versions)} == {"Collectors": 2, "versions": 2}


def name_of(report: Report) -> str:
    return report.collector.name


def version_of(report: Report) -> str:
    return report.collector.version


def test_events_waiting_by_partition(run: Run, upkeep: Sequence[Report]) -> None:
    shown = split_over_time(run("Events waiting by partition", "xy"), "Events waiting", "Partition")
    told = (((bucket(report.at), each.partition), each.lag_events or 0) for report, each in partitions(upkeep))
    assert shown == happened(greatest(told))


def test_time_without_a_checkpoint(run: Run, upkeep: Sequence[Report]) -> None:
    shown = split_over_time(run("Time without a checkpoint", "xy"), "Without a checkpoint", "Partition")
    told = (((bucket(report.at), each.partition), each.checkpoint_age_seconds) for report, each in partitions(upkeep))
    assert shown == happened(greatest(told))
    assert len(shown) == 2 * 4


def test_records_received_a_minute(run: Run, upkeep: Sequence[Report]) -> None:
    shown = split_over_time(run("Records received a minute", "xy"), "Records a minute", "Run of a collector")
    assert shown == pytest.approx(happened(rate(upkeep, lambda counters: counters.received)))
    assert len(shown) > 80


def test_bytes_in_flight(run: Run, upkeep: Sequence[Report]) -> None:
    table = run("Bytes in flight", "xy")
    told = outputs(upkeep)
    in_flight = greatest((bucket(report.at), float(each.in_flight_bytes)) for report, each in told)
    limit = greatest((bucket(report.at), float(each.in_flight_limit_bytes)) for report, each in told)
    assert over_time(table, "Most in flight") == happened(in_flight)
    assert over_time(table, "Limit") == limit
    assert any(in_flight[at] == limit[at] for at in limit)


def test_failed_bulk_requests_a_minute(run: Run, upkeep: Sequence[Report]) -> None:
    shown = split_over_time(run("Failed bulk requests a minute", "xy"), "Failed a minute", "Run of a collector")
    expected = happened(rate(upkeep, lambda counters: counters.failed_requests))
    assert shown == pytest.approx(expected)
    assert expected


def test_dead_letters_by_reason(run: Run, upkeep: Sequence[Report]) -> None:
    shown = split_over_time(run("Dead letters by reason", "xy"), "Dead letters", "Reason")
    expected = Counter((bucket(at), reason) for at, reason in list_dead_letters(upkeep))
    assert shown == expected
    assert len(expected) > 1


def test_memory(run: Run, upkeep: Sequence[Report]) -> None:
    told = (
        ((bucket(report.at), report.collector.name), float(each.resident_bytes or 0))
        for report in upkeep
        for each in report.of(ProcessStatus)
    )
    assert split_over_time(run("Memory", "xy"), "Memory", "Collector") == greatest(told)


def test_minutes_of_metrics_in_a_gap(run: Run, upkeep: Sequence[Report]) -> None:
    shown = split_over_time(run("Minutes of metrics in a gap", "xy"), "Open minutes", "Reason")
    expected = greatest(((bucket(report.at), each.reason), float(each.open_minutes)) for report, each in gaps(upkeep))
    assert shown == happened(expected)
    assert shown


def test_gaps_of_metrics(run: Run, upkeep: Sequence[Report]) -> None:
    rows = rows_by(rows_of(run("Gaps of metrics", "table")), "Run", "Reason")
    told = gaps(upkeep)
    keys = {(report.collector.ephemeral_id, each.reason) for report, each in told}
    assert rows.keys() == keys
    for (run_id, reason), row in rows.items():
        mine = [each for report, each in told if (report.collector.ephemeral_id, each.reason) == (run_id, reason)]
        assert row == {
            "Lost": max(each.lost_minutes for each in mine),
            "Closed": max(each.closed_minutes for each in mine),
            "Most open": max(each.open_minutes for each in mine),
        }
        assert row["Lost"]


def test_collectors_and_their_runs(run: Run, upkeep: Sequence[Report]) -> None:
    rows = rows_by(rows_of(run("Collectors and their runs", "table")), "Collector", "Version", "Run")
    last = {report.collector: (report, output.counters) for report, output in outputs(upkeep)}
    assert rows.keys() == {(each.name, each.version, each.ephemeral_id) for each in last}
    for collector, (report, counters) in last.items():
        assert rows[collector.name, collector.version, collector.ephemeral_id] == {
            "Last report": report.at,
            "Received": counters.received,
            "Indexed": counters.indexed,
            "Already there": counters.already_there,
            "Dead letters": counters.dead_lettered,
            "Items sent again": counters.retried_items,
            "Failed requests": counters.failed_requests,
        }
        assert counters.balanced


def test_partitions(run: Run, upkeep: Sequence[Report]) -> None:
    rows = rows_by(rows_of(run("Partitions", "table")), "Stream", "Partition", "Collector")
    told = partitions(upkeep)
    assert rows.keys() == {(each.stream, each.partition, report.collector.name) for report, each in told}
    for (stream, partition, collector), row in rows.items():
        name = stream, partition, collector
        mine = [each for report, each in told if (each.stream, each.partition, report.collector.name) == name]
        assert row == {
            "Most waiting": max(each.lag_events or 0 for each in mine),
            "Longest without a checkpoint": max(each.checkpoint_age_seconds for each in mine),
            "Events lost since the start": max(each.lost_events for each in mine),
        }
        assert row["Events lost since the start"]


def test_every_panel_has_a_test_here(health: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in health.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Most events waiting", "metric"),
            ("Longest without a checkpoint", "metric"),
            ("Refused", "metric"),
            ("Collectors", "metric"),
            ("Events waiting by partition", "xy"),
            ("Time without a checkpoint", "xy"),
            ("Records received a minute", "xy"),
            ("Bytes in flight", "xy"),
            ("Failed bulk requests a minute", "xy"),
            ("Dead letters by reason", "xy"),
            ("Memory", "xy"),
            ("Minutes of metrics in a gap", "xy"),
            ("Gaps of metrics", "table"),
            ("Collectors and their runs", "table"),
            ("Partitions", "table"),
        ]
    )
