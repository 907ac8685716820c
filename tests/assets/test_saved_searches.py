"""Each saved search finds the calls of a day that its ledger says it should, and no others."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from collector.assets.files import package_root
from collector.assets.panels.model import Dashboard, PanelTable, TimeRange
from collector.assets.panels.reading import read_search
from collector.assets.panels.running import run_panel
from collector.scenario import Call, Ledger

type Find = Callable[[str], PanelTable]

NO_DASHBOARD = Dashboard("discover", "Discover", "", ())
CORRELATION = "azure.open_ai.correlation_id"


@pytest.fixture(scope="module")
def hours(ledger: Ledger) -> TimeRange:
    """Few enough for all documents to be shown, and with a throttling storm in them."""
    return TimeRange(ledger.start + timedelta(hours=11), ledger.start + timedelta(hours=15))


@pytest.fixture
def find(elasticsearch_client: Elasticsearch, scenario_namespace: str, hours: TimeRange) -> Find:
    def find_one(name: str) -> PanelTable:
        saved = json.loads((package_root() / "kibana" / "search" / f"{name}.json").read_text(encoding="utf-8"))
        here = {"term": {"data_stream.namespace": scenario_namespace}}
        return run_panel(elasticsearch_client, NO_DASHBOARD, read_search(saved), hours, filters=[here])

    return find_one


def ids(table: PanelTable) -> list[str]:
    place = [column.name for column in table.columns].index(CORRELATION)
    return sorted(str(row[place]) for row in table.rows)


def holds(hours: TimeRange, moment: datetime) -> bool:
    return hours.start <= moment <= hours.end


EXPECTED: dict[str, Callable[[Call], bool]] = {
    "aoai-requests": lambda call: not call.refused_at_gateway,
    "aoai-errors": lambda call: not call.refused_at_gateway and call.failed,
    "aoai-throttled": lambda call: not call.refused_at_gateway and call.status == 429,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_search_finds_the_calls_that_it_is_about(name: str, find: Find, ledger: Ledger, hours: TimeRange) -> None:
    expected = [call for call in ledger.calls if holds(hours, call.at) and EXPECTED[name](call)]

    assert ids(find(name)) == sorted(call.correlation_id for call in expected)
    assert 0 < len(expected) < 500


def test_what_the_filter_blocked_is_told_by_api_management(find: Find, ledger: Ledger, hours: TimeRange) -> None:
    seen = [call for call in ledger.at_gateway if holds(hours, call.answered) and (call.blocked or call.cut)]

    # API Management has an id of its own for a call; the scenario's differ in the last character.
    assert [one[:-1] for one in ids(find("aoai-filtered"))] == sorted(call.correlation_id[:-1] for call in seen)
    assert seen


def test_the_audit_shows_who_listed_keys(find: Find, ledger: Ledger, hours: TimeRange) -> None:
    listings = [listing for listing in ledger.key_listings if holds(hours, listing.at)]

    table = find("aoai-audit")

    assert len(table.rows) == len(listings) > 0
