"""ML modules: what Elasticsearch and Kibana ask of jobs and datafeeds, and that datafeeds select what the ledger says.

Source: elasticsearch-py (`ml.put_job`: ids), Kibana's ML plugin (modules), Elastic's documentation of datafeeds
(`query_delay`). No job is run: the engine of the tests has no machine learning.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.assets.catalogue import load_catalogue
from collector.assets.errors import AssetError
from collector.assets.files import package_root
from collector.assets.rules.anomalies import load_modules
from collector.scenario import Call, Ledger

type Chosen = tuple[Callable[[Call], bool], Callable[[Call], str | None], Callable[[Call], float]]

FOLDER = package_root() / "kibana" / "ml_module"
(MODULE,) = [json.loads(path.read_text())["attributes"] for path in FOLDER.glob("*.json")]
JOBS = {job["id"]: job["config"] for job in MODULE["jobs"]}
FEEDS = {feed["job_id"]: feed for feed in MODULE["datafeeds"]}
NS = 1e9


def one(call: Call) -> float:
    return 1


SELECTED: Mapping[str, Chosen] = {
    "aoai_request_rate": (lambda call: call.status > 0, lambda call: call.deployment, one),
    "aoai_latency": (
        lambda call: not call.failed,
        lambda call: call.deployment,
        lambda call: call.latency / timedelta(seconds=1) * NS,
    ),
    "aoai_errors": (lambda call: call.failed, lambda call: call.deployment, one),
    "aoai_caller_tokens": (
        lambda call: call.logged_usage is not None,
        lambda call: call.caller_id,
        lambda call: call.logged_usage.input_tokens if call.logged_usage else 0,
    ),
}
"""Which calls a datafeed selects, into which partitions, and what it hands to its detector."""
AGGREGATIONS = {"high_mean": "avg", "high_sum": "sum"}

jobs = pytest.mark.parametrize("job_id", sorted(JOBS))


def test_there_is_a_datafeed_for_each_job_and_its_meaning_is_known() -> None:
    assert JOBS.keys() == FEEDS.keys() == SELECTED.keys()
    assert JOBS.keys() == {job for module in load_modules().values() for job in module.jobs}


@jobs
def test_ids_are_as_elasticsearch_takes_them_and_kibana_expects(job_id: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?", job_id)
    assert FEEDS[job_id]["id"] == f"datafeed-{job_id}"
    assert FEEDS[job_id]["config"]["job_id"] == job_id
    assert FEEDS[job_id]["config"]["indices"] == ["INDEX_PATTERN_NAME"]


@jobs
def test_a_datafeed_waits_longer_than_azure_is_late(job_id: str) -> None:
    """It reads each moment once; what comes after is in no model."""
    minutes = re.fullmatch(r"(\d+)m", FEEDS[job_id]["config"]["query_delay"])
    assert minutes
    assert int(minutes[1]) > 10


@jobs
def test_a_job_names_fields_that_there_are(job_id: str) -> None:
    known = {field.name for field in load_catalogue() if "aoai.logs" in field.datasets}
    analysis = JOBS[job_id]["analysis_config"]
    (detector,) = analysis["detectors"]
    assert {*analysis["influencers"], detector["partition_field_name"]} <= known
    assert detector.get("field_name", "event.duration") in known


@pytest.mark.engine
@jobs
def test_a_datafeed_selects_what_the_ledger_says(
    job_id: str, elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    selects, partition, value = SELECTED[job_id]
    values: defaultdict[str, list[float]] = defaultdict(list)
    for call in ledger.logged:
        if selects(call) and (name := partition(call)):
            values[name].append(value(call))
    (detector,) = JOBS[job_id]["analysis_config"]["detectors"]
    found = ask(elasticsearch_client, scenario_namespace, FEEDS[job_id]["config"]["query"], detector)
    means = detector["function"] == "high_mean"
    expected = {name: (len(each), sum(each) / (len(each) if means else 1)) for name, each in values.items()}
    assert found.keys() == expected.keys()
    for name, (count, figure) in expected.items():
        assert found[name] == (count, pytest.approx(figure, rel=1e-6)), name


def ask(client: Elasticsearch, namespace: str, query: Any, detector: Mapping[str, str]) -> dict[str, Any]:
    """Number and figure of what a datafeed reads, by partition."""
    figure = (
        {"figure": {AGGREGATIONS[detector["function"]]: {"field": detector["field_name"]}}}
        if "field_name" in detector
        else {}
    )
    answer = client.search(
        index=MODULE["defaultIndexPattern"],
        size=0,
        query={"bool": {"filter": [query, {"term": {"data_stream.namespace": namespace}}]}},
        aggs={"by": {"terms": {"field": detector["partition_field_name"], "size": 1000}, "aggs": figure}},
    )
    return {
        bucket["key"]: (bucket["doc_count"], bucket.get("figure", {"value": bucket["doc_count"]})["value"])
        for bucket in answer["aggregations"]["by"]["buckets"]
    }


def test_what_is_no_module_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text("title: A module\n")
    with pytest.raises(AssetError, match=r"one\.yml: .*missing required field `description`"):
        load_modules(tmp_path)
