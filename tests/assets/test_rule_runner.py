"""What a run of a rule finds, on documents made for it; expected by hand from the source of Kibana's executors.

`observability/server/lib/rules/custom_threshold/` and `stack_alerts/server/rule_types/es_query/`, named at each test.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.assets.panels.model import UnknownPanelFeatureError
from collector.assets.rules.alerts import follow_alerts
from collector.assets.rules.model import Alert, Rule, UnknownRuleError
from collector.assets.rules.reading import read_rule
from collector.assets.rules.running import run_at_each, run_rule

type Document = Mapping[str, Any]

AT = datetime(2026, 8, 19, 12, tzinfo=UTC)
MS, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)
MAPPINGS = {
    "@timestamp": {"type": "date"},
    "deployment": {"type": "keyword"},
    "region": {"type": "keyword"},
    "status": {"type": "integer"},
    "tokens": {"type": "long"},
}


class Index:
    """An index of the test's own."""

    def __init__(self, client: Elasticsearch) -> None:
        self.client, self.name = client, f"rules-of-tests-{uuid.uuid4().hex[:12]}"
        client.indices.create(index=self.name, mappings={"properties": MAPPINGS})

    def fill(self, *documents: tuple[datetime, Document]) -> None:
        operations: list[Document] = []
        for at, document in documents:
            operations += [{"index": {}}, {"@timestamp": at.isoformat(timespec="milliseconds"), **document}]
        assert not self.client.bulk(index=self.name, operations=operations, refresh=True)["errors"]


@pytest.fixture
def index(elasticsearch_client: Elasticsearch) -> Iterator[Index]:
    made = Index(elasticsearch_client)
    yield made
    elasticsearch_client.indices.delete(index=made.name)


def threshold_rule(index: Index | None, metrics: Sequence[Document], equation: str, above: float, **more: Any) -> Rule:
    """A rule over five minutes."""
    criterion = {"metrics": metrics, "equation": equation, "comparator": ">", "threshold": [above]}
    title = index.name if index else "nothing"
    query = {"language": "kuery", "query": more.pop("query", "")}
    params = {
        "criteria": [{**criterion, "timeSize": 5, "timeUnit": "m"} | more.pop("criterion", {})],
        "alertOnNoData": False,
        "alertOnGroupDisappear": False,
        "searchConfiguration": {"index": {"title": title}, "query": query, "filter": []},
    }
    return rule_of("observability.rules.custom_threshold", params | more)


def count_rule(index: Index, fewer_than: int, **more: Any) -> Rule:
    params = {
        "searchType": "esQuery",
        "index": [index.name],
        "timeField": "@timestamp",
        "esQuery": '{"query": {"match_all": {}}}',
        "size": 0,
        "timeWindowSize": 5,
        "timeWindowUnit": "m",
        "thresholdComparator": "<",
        "threshold": [fewer_than],
        "groupBy": "all",
        "aggType": "count",
        "excludeHitsFromPreviousRun": False,
    }
    return rule_of(".es-query", params | more)


def rule_of(type_id: str, params: Document, **more: Any) -> Rule:
    attributes = {"name": "A rule", "tags": [], "ruleTypeId": type_id, "schedule": {"interval": "1m"}, "params": params}
    return read_rule({"id": "aoai-rule", "attributes": attributes | more})


ALL = {"name": "A", "aggType": "count"}
FAILED = {"name": "B", "aggType": "count", "filter": "status >= 500"}
BY_DEPLOYMENT = {"groupBy": ["deployment"]}


def test_both_ends_of_a_window_are_in_it(index: Index) -> None:
    """`createBoolQuery`: gte and lte, to the millisecond."""
    start = AT - 5 * MINUTE
    index.fill((start - MS, {}), (start, {}), (AT, {}), (AT + MS, {}))
    assert run_rule(index.client, threshold_rule(index, [ALL], "A", 0), AT) == {(): 2}


def test_a_value_must_be_greater_than_the_threshold(index: Index) -> None:
    """`createConditionScript`: params.value > params.threshold."""
    index.fill((AT, {}), (AT, {}))
    assert run_rule(index.client, threshold_rule(index, [ALL], "A", 2), AT) == {}
    assert run_rule(index.client, threshold_rule(index, [ALL], "A", 1), AT) == {(): 2}


def test_an_equation_is_of_each_group_by_itself(index: Index) -> None:
    """`createCustomMetricsAggregations`: a filter for a count, an aggregation for a field, a script over both."""
    index.fill(
        (AT, {"deployment": "a", "status": 500}),
        (AT, {"deployment": "a", "status": 200}),
        (AT, {"deployment": "b", "status": 200}),
    )
    share = threshold_rule(index, [ALL, FAILED], "B / A * 100", 10, **BY_DEPLOYMENT)
    assert run_rule(index.client, share, AT) == {("a",): 50}


@pytest.mark.parametrize(("kind", "value"), [("sum", 9), ("avg", 3), ("max", 6), ("min", 1)])
def test_figures_of_a_field(index: Index, kind: str, value: float) -> None:
    index.fill((AT, {"tokens": 1}), (AT, {"tokens": 2}), (AT, {"tokens": 6}), (AT, {}))
    metric = {"name": "A", "aggType": kind, "field": "tokens"}
    assert run_rule(index.client, threshold_rule(index, [metric], "A", 0), AT) == {(): value}


def test_a_condition_in_an_equation_keeps_few_documents_quiet(index: Index) -> None:
    index.fill(*[(AT, {"deployment": "few", "status": 500})] * 2, *[(AT, {"deployment": "many", "status": 500})] * 3)
    guarded = threshold_rule(index, [ALL, FAILED], "B >= 3 ? B / A * 100 : 0", 10, **BY_DEPLOYMENT)
    assert run_rule(index.client, guarded, AT) == {("many",): 100}


def test_a_document_that_lacks_a_field_of_the_grouping_is_in_no_group(index: Index) -> None:
    """A composite source without `missing_bucket`."""
    index.fill((AT, {"deployment": "a", "region": "x"}), (AT, {"deployment": "a"}), (AT, {"region": "x"}))
    by_both = threshold_rule(index, [ALL], "A", 0, groupBy=["deployment", "region"])
    assert run_rule(index.client, by_both, AT) == {("a", "x"): 1}


def test_nothing_divided_by_nothing_does_not_match(index: Index) -> None:
    """A bucket script whose value is no number leaves no value, and the condition skips the gap."""
    index.fill((AT, {"deployment": "a", "status": 200}))
    other = {"name": "A", "aggType": "count", "filter": "status : 404"}
    assert run_rule(index.client, threshold_rule(index, [other, FAILED], "B / A", -1, **BY_DEPLOYMENT), AT) == {}


def test_a_rule_without_documents_or_without_an_index_finds_nothing(index: Index) -> None:
    assert run_rule(index.client, threshold_rule(index, [ALL], "A", 0, **BY_DEPLOYMENT), AT) == {}
    assert run_rule(index.client, threshold_rule(None, [ALL], "A", 0, **BY_DEPLOYMENT), AT) == {}
    assert run_rule(index.client, threshold_rule(None, [ALL], "A", 0), AT) == {}


def test_the_query_bar_narrows_all_figures(index: Index) -> None:
    index.fill((AT, {"status": 200}), (AT, {"status": 404}), (AT, {"status": 500}))
    narrowed = threshold_rule(index, [ALL, FAILED], "A - B", 0, query="status >= 400")
    assert run_rule(index.client, narrowed, AT) == {(): 1}


def test_now_in_a_filter_is_the_moment_of_the_run(index: Index) -> None:
    index.fill((AT - MINUTE, {}), (AT - 3 * MINUTE, {}), (AT - 4 * MINUTE, {}))
    recent = {"name": "A", "aggType": "count", "filter": "@timestamp >= now-2m"}
    before = {"name": "B", "aggType": "count", "filter": "@timestamp < now-2m"}
    rule = threshold_rule(index, [recent, before], "10 * A + B", 0)
    assert run_rule(index.client, rule, AT) == {(): 12}
    assert run_at_each(index.client, rule, [AT, AT + 90 * SECOND]) == [{(): 12}, {(): 2}]


def test_fewer_hits_than_the_threshold_match(index: Index) -> None:
    """`executor.ts`: the number of hits is compared; both ends of the window are in it (`buildSortedEventsQuery`)."""
    index.fill((AT - 5 * MINUTE, {}), (AT, {}))
    assert run_rule(index.client, count_rule(index, 2), AT) == {}
    assert run_rule(index.client, count_rule(index, 2), AT + MS) == {(): 1}
    assert run_rule(index.client, count_rule(index, 1), AT + 6 * MINUTE) == {(): 0}


def test_many_runs_at_once_find_what_each_finds_by_itself(index: Index) -> None:
    documents = [
        (AT + 7 * number * SECOND, {"deployment": "ab"[number % 3 % 2], "status": 500 if number % 5 < 2 else 200})
        for number in range(200)
    ]
    index.fill(*documents, (AT + 10 * MINUTE, {"deployment": "edge", "status": 500}))
    moments = [AT + number * MINUTE for number in range(30)] + [AT + 10 * MINUTE - MS, AT + 15 * MINUTE + MS]
    rules = [
        threshold_rule(index, [ALL, FAILED], "A >= 3 ? B / A * 100 : 0", 40, **BY_DEPLOYMENT),
        threshold_rule(index, [ALL, FAILED], "B", 5),
        threshold_rule(index, [ALL], "A", 0, **BY_DEPLOYMENT),
        count_rule(index, 20),
    ]
    for rule in rules:
        one_by_one = [run_rule(index.client, rule, at) for at in moments]
        assert run_at_each(index.client, rule, moments) == one_by_one
        assert [found for found in one_by_one if found]


def test_what_had_not_arrived_is_not_seen(index: Index) -> None:
    index.fill(*[(AT + number * 30 * SECOND, {"deployment": "a", "status": 500}) for number in range(20)])
    late, moments = 2 * MINUTE, [AT + number * MINUTE for number in range(12)]
    recent = {"name": "A", "aggType": "count", "filter": "@timestamp >= now-4m"}
    for rule in (threshold_rule(index, [ALL], "A", 3), threshold_rule(index, [recent], "A", 0), count_rule(index, 5)):
        expected = [
            run_rule(index.client, rule, at, filters=[{"range": {"@timestamp": {"lte": (at - late).isoformat()}}}])
            for at in moments
        ]
        assert run_at_each(index.client, rule, moments, late=late) == expected
        assert {} in expected


def test_a_template_is_read_with_its_interval_and_delay() -> None:
    rule = rule_of(".es-query", {}, schedule={"interval": "5m"}, alertDelay={"active": 3})
    assert (rule.id, rule.interval, rule.delay) == ("aoai-rule", 5 * MINUTE, 3)


def refused(**more: Any) -> Rule:
    return threshold_rule(None, [ALL], "A", 0, **more)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (refused(groupByPageSize=3), "groupByPageSize"),
        (refused(criterion={"comparator": "<"}), "a comparator that is not >"),
        (refused(criterion={"aggType": "custom"}), "aggType"),
        (refused(alertOnGroupDisappear=True), "groups without data"),
        (refused(criterion={"metrics": [{"name": "A", "aggType": "p95", "field": "tokens"}]}), "p95 of a field"),
        (rule_of(".index-threshold", {}), "the rule type .index-threshold"),
        (rule_of(".es-query", {"searchType": "esqlQuery"}), "searchType"),
    ],
)
def test_what_the_runner_does_not_know_is_refused(elasticsearch_client: Elasticsearch, rule: Rule, reason: str) -> None:
    with pytest.raises(UnknownRuleError, match=f"aoai-rule: .*{reason}"):
        run_rule(elasticsearch_client, rule, AT)


def test_attributes_that_are_not_known_are_refused() -> None:
    with pytest.raises(UnknownRuleError, match="aoai-rule: flapping"):
        rule_of(".es-query", {}, flapping={"enabled": True})


def test_a_date_that_is_not_counted_from_now_is_refused(index: Index) -> None:
    fixed = {"name": "A", "aggType": "count", "filter": "@timestamp >= 2026"}
    with pytest.raises(UnknownPanelFeatureError, match="the date 2026"):
        run_rule(index.client, threshold_rule(index, [fixed], "A", 0), AT)


def runs(text: str) -> list[tuple[datetime, dict[tuple[str, ...], float]]]:
    """Runs a minute apart; each word is the groups that match at one, a dash stands for none."""
    return [
        (AT + number * MINUTE, {(group,): 1.0 for group in word.strip("-")}) for number, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("delay", "text", "alerts"),
    [
        (1, "- a a -", [("a", 1, 3)]),
        (1, "- a a", [("a", 1, None)]),
        (2, "- a - a a a -", [("a", 4, 6)]),
        (3, "a a - a a", []),
        (1, "a ab b -", [("a", 0, 2), ("b", 1, 3)]),
        (1, "a - a -", [("a", 0, 1), ("a", 2, 3)]),
    ],
)
def test_an_alert_is_raised_after_its_delay_and_recovers_at_the_first_run_that_does_not_match(
    delay: int, text: str, alerts: list[tuple[str, int, int | None]]
) -> None:
    """`get_alerts_for_notification.ts`: the count of active runs reaches the delay, and begins anew after recovery."""
    expected = [
        Alert((group,), AT + raised * MINUTE, None if recovered is None else AT + recovered * MINUTE)
        for group, raised, recovered in alerts
    ]
    assert follow_alerts(delay, runs(text)) == expected
