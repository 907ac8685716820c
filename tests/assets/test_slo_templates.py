"""SLO templates: what Kibana's schema asks of them, and that their queries count what the ledger of a day says.

Source: elastic/kibana, `kbn-slo-schema` (ids, indicator, objective, settings).
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.assets.errors import AssetError
from collector.assets.files import package_root
from collector.assets.panels.kql import translate_kql
from collector.assets.rules.objectives import load_objectives
from collector.scenario import Call, Ledger
from collector.scenario.upkeep import Report, be_gone, draw_upkeep, stall, write_upkeep
from collector.telemetry.status import PartitionStatus

type Counts = tuple[Callable[[Call], bool], Callable[[Call], bool]]

FOLDER = package_root() / "kibana" / "slo_template"
IDS = sorted(path.stem for path in FOLDER.glob("*.json"))
COUNTED: Mapping[str, Counts] = {
    "aoai-availability-slo": (lambda call: call.status < 500, lambda call: call.status > 0),
    "aoai-latency-slo": (lambda call: call.duration_ns <= 30e9, lambda call: not call.failed),
}
"""Which calls are good, and which are counted at all."""
FRESHNESS = "aoai-freshness-slo"
SLO = """
name: An objective
description: What is counted.
index: logs-aoai.logs-*
filter: ""
good: "a : 1"
total: "a : *"
target: 0.9
by: [b]
"""


def attributes_of(slo_id: str) -> Mapping[str, Any]:
    return json.loads((FOLDER / f"{slo_id}.json").read_text())["attributes"]


def test_every_source_is_a_template_whose_meaning_is_known() -> None:
    assert sorted(load_objectives()) == IDS == sorted([*COUNTED, FRESHNESS])


@pytest.mark.parametrize("slo_id", IDS)
def test_a_template_is_as_kibanas_schema_asks(slo_id: str) -> None:
    attributes = attributes_of(slo_id)
    assert re.fullmatch(r"[a-z0-9-_]{8,36}", slo_id)
    assert 0 < attributes["objective"]["target"] < 1
    assert attributes["timeWindow"] == {"duration": "30d", "type": "rolling"}
    assert attributes["budgetingMethod"] == "occurrences"
    assert attributes["indicator"]["type"] == "sli.kql.custom"
    assert attributes["indicator"]["params"].keys() == {"index", "filter", "good", "total", "timestampField"}


@pytest.mark.parametrize("slo_id", IDS)
def test_an_slo_waits_longer_than_azure_is_late(slo_id: str) -> None:
    """Its transform never returns to a time that is over: what came later would be in no budget."""
    minutes = re.fullmatch(r"(\d+)m", attributes_of(slo_id)["settings"]["syncDelay"])
    assert minutes
    assert 10 < int(minutes[1]) < 360


@pytest.mark.engine
@pytest.mark.parametrize("slo_id", COUNTED)
def test_an_slo_counts_good_requests_and_all_as_the_ledger_does(
    slo_id: str, elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    params, by = attributes_of(slo_id)["indicator"]["params"], attributes_of(slo_id)["groupBy"]
    good, total = COUNTED[slo_id]
    deployed = [call for call in ledger.logged if call.deployment is not None]
    for query, counted in (("good", lambda call: good(call) and total(call)), ("total", total)):
        filters = [{"term": {"data_stream.namespace": scenario_namespace}}]
        filters += [translate_kql(params[key]) for key in ("filter", query)]
        expected = Counter((call.place.resource.name, call.deployment) for call in deployed if counted(call))
        assert count_by(elasticsearch_client, params["index"], by, filters) == expected


@pytest.fixture
def reports(
    ledger: Ledger, installed_assets: None, elasticsearch_client: Elasticsearch
) -> Iterator[tuple[str, Sequence[Report]]]:
    """Six hours of a collector that stalls for one and tells nothing for another, in a namespace of their own."""
    start, hour = ledger.start, timedelta(hours=1)
    incidents = (stall(start + hour, start + 2 * hour), be_gone(start + 4 * hour, start + 5 * hour))
    told = draw_upkeep(3, start, start + 6 * hour, incidents)
    namespace = f"upkeep{uuid.uuid4().hex[:8]}"
    write_upkeep(elasticsearch_client, told, namespace)
    yield namespace, told
    elasticsearch_client.indices.delete_data_stream(name=f"metrics-aoai.collector-{namespace}")


@pytest.mark.engine
def test_freshness_counts_the_minutes_of_partitions(
    elasticsearch_client: Elasticsearch, reports: tuple[str, Sequence[Report]]
) -> None:
    """In a stall the first two minutes are good; of an hour without a word nothing is counted."""
    params, by = attributes_of(FRESHNESS)["indicator"]["params"], attributes_of(FRESHNESS)["groupBy"]
    namespace, told = reports
    minutes = [each for report in told for each in report.of(PartitionStatus)]
    good = [each for each in minutes if each.checkpoint_age_seconds <= 120 and (each.lag_events or 0) <= 100_000]
    assert len(minutes) == 5 * 60
    assert 0 < len(minutes) - len(good) < 60
    for query, counted in (("good", good), ("total", minutes)):
        filters = [{"term": {"data_stream.namespace": namespace}}]
        filters += [translate_kql(params[key]) for key in ("filter", query)]
        expected = Counter((each.stream, each.partition) for each in counted)
        assert count_by(elasticsearch_client, params["index"], by, filters) == expected


def count_by(client: Elasticsearch, index: str, by: list[str], filters: list[Any]) -> dict[tuple[str, ...], int]:
    sources = [{field: {"terms": {"field": field}}} for field in by]
    answer = client.search(
        index=index,
        size=0,
        query={"bool": {"filter": filters}},
        aggs={"groups": {"composite": {"size": 1000, "sources": sources}}},
    )
    return {tuple(each["key"].values()): each["doc_count"] for each in answer["aggregations"]["groups"]["buckets"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [(("0.9", "1"), "a target lies between 0 and 1"), (("good:", "better:"), "unknown field `better`")],
)
def test_what_is_no_objective_is_refused(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    (tmp_path / "one.yml").write_text(SLO.replace(*change))
    with pytest.raises(AssetError, match=rf"one\.yml: .*{reason}"):
        load_objectives(tmp_path)
