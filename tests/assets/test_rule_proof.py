"""Every rule, run over a healthy day and over one with eighteen incidents, finds what the ledger of the day predicts.

Run by run and group by group, with the values; then what that means: who notices which incident, and nothing else.
"""

import json
import re
from collections.abc import Mapping, Sequence

import pytest
from elasticsearch import Elasticsearch
from plugins.rule_ledger import PREDICTIONS

from collector.assets.files import sources_root
from collector.assets.rules.alerts import follow_alerts
from collector.assets.rules.model import Alert, Rule
from collector.assets.rules.reading import load_rules
from collector.assets.rules.running import run_rule
from collector.assets.rules.sources import ID_PREFIX
from collector.scenario import Ledger
from collector.scenario.estate import FULL, RETIRING
from collector.scenario.rule_days import HEALTHY, TROUBLED, draw_rule_days
from collector.scenario.rule_proof import LATE, Trial, moments_of, outcomes
from collector.scenario.rules_page import render
from collector.scenario.upkeep import DROPPED, GONE, REFUSED, STALLED, UNANSWERED

type Trials = Mapping[tuple[str, str], Trial]

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1200)]
"""The first test writes two days and runs every rule over them."""

SERVICE_FAILS = {
    "aoai-availability",
    "aoai-availability-budget-fast",
    "aoai-availability-budget-slow",
    "aoai-error-rate",
    "aoai-server-errors",
}
NOTICED = {
    "violence asked of aoai-shop-us/chat-small": {"aoai-content-filter", "aoai-error-rate"},
    "keys listed": {"aoai-key-listing"},
    "no records": {"aoai-no-data"},
    "wrong requests to aoai-shop-eu/docs-embed": {"aoai-error-rate"},
    "outage of aoai-shop-eu/chat-prod": SERVICE_FAILS,
    "tokens of aoai-shop-eu/faq-legacy": {"aoai-token-burst"},
    "throttling of aoai-shop-us/chat-prod": {"aoai-throttling"},
    "cost of aoai-lab-se/reason-deep": {"aoai-cost-pace"},
    "jailbreak asked of aoai-shop-us/chat-small": {"aoai-jailbreak"},
    "slow answers of aoai-shop-us/chat-prod": {
        "aoai-latency",
        "aoai-latency-budget-fast",
        "aoai-latency-budget-slow",
    },
    "new caller of aoai-shop-eu/chat-prod": {"aoai-new-caller"},
    RETIRING: {"aoai-model-retirement"},
    FULL: {"aoai-provisioned-utilization"},
    GONE: {"aoai-collector-silent"},
    STALLED: {
        "aoai-collector-lagging",
        "aoai-collector-stalled",
        "aoai-freshness-budget-fast",
        "aoai-freshness-budget-slow",
    },
    REFUSED: {"aoai-dead-letters"},
    DROPPED: {"aoai-collector-gap"},
    UNANSWERED: {"aoai-metrics-gap"},
}
"""Which rules are about an incident. What is blocked was answered with 400, so it is an error as well."""


def test_every_run_of_every_rule_finds_what_the_ledger_predicts(
    rule_trials: Trials, rule_days: Mapping[str, Ledger]
) -> None:
    assert {rule for _, rule in rule_trials} == PREDICTIONS.keys()
    for (day, rule), trial in rule_trials.items():
        expected = PREDICTIONS[rule].over(rule_days[day], trial.moments, LATE)
        for at, found, predicted in zip(trial.moments, trial.found, expected, strict=True):
            assert found == pytest.approx(predicted, rel=1e-9), f"{rule} on the {day} day at {at}"


def test_a_healthy_day_raises_no_alert(rule_trials: Trials) -> None:
    assert {rule: trial.alerts for (day, rule), trial in rule_trials.items() if day == HEALTHY and trial.alerts} == {}


def test_an_incident_is_noticed_by_the_rules_about_it_and_by_no_other(
    rule_trials: Trials, rule_days: Mapping[str, Ledger]
) -> None:
    incidents = rule_days[TROUBLED].incidents
    noticed = {incident.name: set[str]() for incident in incidents}
    for (day, rule), trial in rule_trials.items():
        for name in outcomes(trial.alerts, incidents) if day == TROUBLED else ():
            noticed[name].add(rule)
    assert noticed == NOTICED


def test_an_alert_is_raised_while_its_incident_lasts_and_recovers_within_its_window(
    rule_trials: Trials, rule_days: Mapping[str, Ledger]
) -> None:
    for (day, rule), trial in rule_trials.items():
        incidents = rule_days[day].incidents
        for name, outcome in outcomes(trial.alerts, incidents).items():
            (incident,) = [each for each in incidents if each.name == name]
            assert outcome.raised_after < incident.until - incident.since, (rule, name)
            assert outcome.recovered_after is not None, (rule, name)
            assert outcome.recovered_after <= PREDICTIONS[rule].window + trial.rule.interval, (rule, name)


def test_runs_of_the_day_asked_one_by_one_find_the_same(
    rule_trials: Trials, elasticsearch_client: Elasticsearch, rule_namespaces: Mapping[str, str]
) -> None:
    for (day, rule), trial in rule_trials.items():
        here = {"term": {"data_stream.namespace": rule_namespaces[day]}}
        for number in range(0, len(trial.moments), len(trial.moments) // 5):
            at = trial.moments[number]
            arrived = {"range": {"@timestamp": {"lte": (at - LATE).isoformat(timespec="milliseconds")}}}
            found = run_rule(elasticsearch_client, trial.rule, at, filters=[here, arrived])
            assert found == pytest.approx(trial.found[number]), f"{rule} on the {day} day at {at}"


@pytest.mark.parametrize("times", [2])
def test_with_more_calls_the_ledger_predicts_the_same_notices(times: int) -> None:
    """Whatever the runs find is what the ledger predicts, so the ledger alone can tell of another size."""
    days, noticed = draw_rule_days(times=times), {name: set[str]() for name in NOTICED}
    for rule in load_rules().values():
        healthy, troubled = (predict_alerts(rule, ledger) for ledger in (days[HEALTHY], days[TROUBLED]))
        assert healthy == [], rule.id
        for name in outcomes(troubled, days[TROUBLED].incidents):
            noticed[name].add(rule.id)
    assert noticed == NOTICED


def predict_alerts(rule: Rule, ledger: Ledger) -> Sequence[Alert]:
    moments = moments_of(rule, ledger)
    return follow_alerts(rule.delay, zip(moments, PREDICTIONS[rule.id].over(ledger, moments, LATE), strict=True))


def test_the_page_of_rules_shows_what_they_did(
    rule_trials: Trials, rule_days: Mapping[str, Ledger], full_size: bool
) -> None:
    if full_size:
        pytest.skip("the page has the figures of the small days")
    assert (sources_root() / "docs" / "rules.md").read_text(encoding="utf-8") == render(rule_trials, rule_days)


def test_the_queries_of_each_runbook_find_something_when_its_alert_is_raised(
    rule_trials: Trials, rule_namespaces: Mapping[str, str], elasticsearch_client: Elasticsearch
) -> None:
    here = {"term": {"data_stream.namespace": rule_namespaces[TROUBLED]}}
    for rule_id in PREDICTIONS:
        raised = rule_trials[TROUBLED, rule_id].alerts[0].raised
        queries = read_runbook(rule_id)
        assert len(queries) == 3, rule_id
        for index, text in queries:
            body = json.loads(re.sub(r'"now(-\w+)"', rf'"{raised.isoformat()}||\1"', text))
            body["query"]["bool"]["filter"].append(here)
            answer = elasticsearch_client.search(index=index, **{key.lstrip("_"): body[key] for key in body})
            assert answer["hits"]["total"]["value"] > 0, f"{rule_id}: {text}"
            assert all(one.get("buckets", one) for one in answer.get("aggregations", {}).values()), f"{rule_id}: {text}"


def read_runbook(rule_id: str) -> list[tuple[str, str]]:
    """The queries of a runbook's page: what they read, and their bodies."""
    page = sources_root() / "docs" / "runbook" / f"{rule_id.removeprefix(ID_PREFIX)}.md"
    return re.findall(r"```http\nGET (\S+)/_search\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
