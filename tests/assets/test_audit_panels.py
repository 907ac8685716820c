"""Each panel of `[Azure OpenAI] Audit` shows what the ledger of a day predicts.

On this day somebody reads keys of one account after the other. Azure has published no operation but the listing of
keys, so a second one is made up here: it must be counted, and never as a listing.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    A_MOMENT,
    Run,
    bucket,
    count_by,
    figure,
    load_dashboard,
    named,
    rows_of,
    runner,
    split_over_time,
)

from collector.assets.panels.model import Dashboard, TimeRange
from collector.scenario import Call, KeyListing, Ledger, draw_day, write_day
from collector.scenario.incidents import NOBODY, list_keys
from collector.scenario.world import PLACES

pytestmark = pytest.mark.engine

DAY = date(2026, 8, 22)
NOON = datetime(2026, 8, 22, 12, tzinfo=UTC)
BEGIN = NOON + timedelta(minutes=5)
"""Not at noon, which is of the morning too: Kibana's time ranges include both ends."""
MADE_UP = "MadeUpOperation"


@pytest.fixture(scope="module")
def audit() -> Dashboard:
    return load_dashboard("aoai-audit")


@pytest.fixture(scope="module")
def audited() -> Ledger:
    drawn = draw_day(13, DAY, calls=400, incidents=[list_keys(NOBODY, BEGIN, BEGIN + timedelta(hours=1), times=9)])
    others = tuple(KeyListing(NOON + timedelta(hours=hour), PLACES[hour], NOBODY, MADE_UP) for hour in (2, 3))
    return replace(drawn, key_listings=(*drawn.key_listings, *others))


@pytest.fixture(scope="module")
def run(
    audit: Dashboard, elasticsearch_client: Elasticsearch, scenario_namespace: str, audited: Ledger
) -> Iterator[Run]:
    """Run a panel by its title, over the whole day unless told otherwise."""
    assert scenario_namespace  # by then the pipelines are installed
    namespace = f"audit{uuid.uuid4().hex[:8]}"
    write_day(elasticsearch_client, audited, namespace=namespace)
    yield runner(elasticsearch_client, audit, [namespace], TimeRange(audited.start, audited.end))
    for stream in elasticsearch_client.indices.get_data_stream(name=f"*-{namespace}")["data_streams"]:
        elasticsearch_client.indices.delete_data_stream(name=stream["name"])


@pytest.fixture(scope="module")
def listings(audited: Ledger) -> list[KeyListing]:
    return [each for each in audited.key_listings if each.operation != MADE_UP]


def address(call: Call) -> str:
    """The address in Azure OpenAI's own record."""
    return "10.0.0.***" if call.through_gateway else call.caller.address


def test_key_listings(run: Run, listings: list[KeyListing]) -> None:
    (row,) = rows_of(run("Key listings", "metric", start=NOON))
    after = sum(each.at >= NOON for each in listings)
    assert row == {"Key listings": after, "before": len(listings) - after}
    assert all(row.values())


def test_identities(run: Run, listings: list[KeyListing]) -> None:
    (row,) = rows_of(run("Identities", "metric", start=NOON))
    before, after = ({each.object_id for each in listings if (each.at >= NOON) is late} for late in (False, True))
    assert row == {"Identities": len(after), "before": len(before)}


def test_accounts(run: Run, listings: list[KeyListing]) -> None:
    until = NOON + timedelta(minutes=20)
    read = {each.place.resource.name for each in listings if NOON <= each.at < until}
    assert figure(run("Accounts", "metric", start=NOON, end=until)) == len(read) < figure(run("Accounts", "metric"))


def test_configuration_calls(run: Run, audited: Ledger, listings: list[KeyListing]) -> None:
    assert figure(run("Configuration calls", "metric")) == len(audited.key_listings) > len(listings)


def test_key_listings_by_identity(run: Run, listings: list[KeyListing]) -> None:
    expected = Counter((bucket(each.at), each.object_id) for each in listings)
    assert 2 < len({name for _, name in expected}) <= 9
    assert split_over_time(run("Key listings by identity", "xy"), "Key listings", "Identity") == expected


def test_configuration_calls_by_operation(run: Run, audited: Ledger) -> None:
    expected = Counter((bucket(each.at), each.operation) for each in audited.key_listings)
    assert split_over_time(run("Configuration calls by operation", "xy"), "Calls", "Operation") == expected


def test_who_did_what(run: Run, audited: Ledger) -> None:
    rows = rows_of(run("Who did what", "table"))
    deeds = [(each.object_id, each.operation, each.place.resource.name, each.at) for each in audited.key_listings]
    shown = {(row["Identity"], row["Operation"], row["Account"]): row for row in rows}
    assert {key: row["Calls"] for key, row in shown.items()} == Counter(deed[:3] for deed in deeds)
    for key, row in shown.items():
        last = row["Last"]
        assert isinstance(last, datetime)
        assert timedelta() <= max(deed[3] for deed in deeds if deed[:3] == key) - last < A_MOMENT
    assert rows[0]["Identity"] == NOBODY


def test_requests_with_a_key_by_address(run: Run, audited: Ledger) -> None:
    nameless = [call for call in audited.logged if call.caller_id is None and call.status not in {401, 403}]
    name = named(nameless, address, 5)
    expected = count_by(nameless, lambda call: (bucket(call.at), name(call)))
    assert split_over_time(run("Requests with a key by address", "xy"), "Requests", "Address") == expected


def test_where_identities_call_from(run: Run, audited: Ledger) -> None:
    known = [call for call in audited.logged if call.caller_id]
    expected = count_by(known, lambda call: (call.caller_id, address(call)))
    assert len({identity for identity, _ in expected}) <= 20
    rows = {(row["Identity"], row["Address"]): row for row in rows_of(run("Where identities call from", "table"))}
    assert {key: row["Requests"] for key, row in rows.items()} == expected
    for key, row in rows.items():
        last = row["Last"]
        assert isinstance(last, datetime)
        assert timedelta() <= max(call.at for call in known if (call.caller_id, address(call)) == key) - last < A_MOMENT


def test_audit_records(run: Run, audited: Ledger) -> None:
    rows = rows_of(run("Audit records", "documents"))
    newest = sorted(audited.key_listings, key=lambda each: each.at, reverse=True)
    columns = ("azure.resource.name", "azure.open_ai.operation_name", "azure.open_ai.caller.id")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        (each.place.resource.name, each.operation, each.object_id) for each in newest
    ]


def test_every_panel_has_a_test_here(audit: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in audit.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Key listings", "metric"),
            ("Identities", "metric"),
            ("Accounts", "metric"),
            ("Configuration calls", "metric"),
            ("Key listings by identity", "xy"),
            ("Configuration calls by operation", "xy"),
            ("Who did what", "table"),
            ("Requests with a key by address", "xy"),
            ("Where identities call from", "table"),
            ("Audit records", "documents"),
        ]
    )
