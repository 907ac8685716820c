"""Metric tokens beside logged ones: the query of docs/cost.md on a day of which every call is known."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.demo.token_comparison import build_query
from collector.scenario import Call, Ledger

pytestmark = pytest.mark.engine

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
LINE = "GET metrics-aoai.metrics-*,logs-aoai.logs-*,logs-aoai.gateway-*/_search"
LAST_DAY = {"gte": "now-24h/h", "lt": "now/h"}
type Key = tuple[str, str]
"""The hour, and the deployment."""
type Logged = Callable[[Call], tuple[datetime, int] | None]
"""When a record with tokens was written of a call, and how many it has; None without one."""


def read_query() -> dict[str, Any]:
    """The query, as the page has it."""
    found = re.search(rf"```\n{re.escape(LINE)}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_query_of_the_page_is_the_one_that_the_demo_asks() -> None:
    assert read_query() == build_query(LAST_DAY, ["GatewayLlmLogs"])


@dataclass
class Row:
    """What is said of an hour and deployment."""

    models: set[str]
    metered: int
    logged: int
    rest: int
    percent: float | None
    requests_without_tokens: int


def ask(client: Elasticsearch, namespace: str, ledger: Ledger, category: str) -> dict[Key, Row]:
    """Ask the page's query about the day, and a category."""
    text = json.dumps(read_query())
    assert text.count('"GatewayLlmLogs"') == 1
    query = json.loads(text.replace('"GatewayLlmLogs"', f'"{category}"'))
    query["query"]["range"]["@timestamp"] = {"gte": ledger.start.isoformat(), "lt": ledger.end.isoformat()}
    index = LINE.removeprefix("GET ").removesuffix("/_search").replace("-*", f"-{namespace}")
    answer = client.search(index=index, **query)
    return dict(read_rows(answer["aggregations"]["hours"]["buckets"]))


def read_rows(hours: list[dict[str, Any]]) -> Iterator[tuple[Key, Row]]:
    for hour in hours:
        for bucket in hour["deployments"]["buckets"]:
            metered, logged = bucket["metered"], bucket["logged"]
            yield (
                (hour["key_as_string"][:13], bucket["key"]),
                Row(
                    {model["key"] for model in metered["models"]["buckets"]},
                    metered["input"]["value"] + metered["output"]["value"],
                    logged["input"]["value"] + logged["output"]["value"],
                    bucket["rest"]["value"],
                    bucket.get("rest_percent", {}).get("value"),
                    bucket["requests_without_tokens"]["value"],
                ),
            )


def at_gateway(call: Call) -> tuple[datetime, int] | None:
    """API Management has the tokens in the body of each answer that it has passed on."""
    if call.usage is None or not call.through_gateway:
        return None
    return call.answered, call.usage.input_tokens + call.usage.output_tokens


def at_account(call: Call) -> tuple[datetime, int] | None:
    """Records of the newer form have them; other accounts' have none."""
    if call.logged_usage is None or call.deployment is None:
        return None
    return call.at, call.logged_usage.input_tokens + call.logged_usage.output_tokens


def in_usage_category(call: Call) -> tuple[datetime, int] | None:
    """The diagnostic setting of one account has the category of token usage."""
    if call.usage is None or call.place.resource.name != "aoai-shop-eu":
        return None
    return call.at, call.usage.input_tokens + call.usage.output_tokens


WAYS = [("GatewayLogs", at_gateway), ("RequestResponse", at_account), ("AzureOpenAIRequestUsage", in_usage_category)]


def hour_of(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H}"


@pytest.mark.parametrize(("category", "logged"), WAYS, ids=[name for name, _ in WAYS])
def test_the_rest_is_the_tokens_of_calls_without_a_record_of_them(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger, category: str, logged: Logged
) -> None:
    metered: Counter[Key] = Counter()
    answered: Counter[Key] = Counter()
    for minute in ledger.metered:
        key = (hour_of(minute.minute), minute.place.deployment.name)
        metered[key] += minute.usage.input_tokens + minute.usage.output_tokens if minute.usage else 0
        answered[key] += len(minute.calls) if minute.status == 200 else 0
    tokens: Counter[Key] = Counter()
    records: Counter[Key] = Counter()
    for call in ledger.calls:
        record = logged(call)
        if record is not None:
            key = (hour_of(record[0]), call.place.deployment.name)
            tokens[key] += record[1]
            records[key] += 1

    rows = ask(elasticsearch_client, scenario_namespace, ledger, category)
    keys = {key for key in metered if metered[key]} | set(tokens)
    assert keys
    said = {
        key: (row.metered, row.logged, row.rest, row.requests_without_tokens)
        for key, row in rows.items()
        if key in keys
    }
    assert said == {
        key: (metered[key], tokens[key], metered[key] - tokens[key], answered[key] - records[key]) for key in keys
    }
    shares = {key: 100 * (metered[key] - tokens[key]) / metered[key] for key in keys if metered[key]}
    assert {key: row.percent for key, row in rows.items() if key in shares} == pytest.approx(shares)


def test_a_row_names_the_models_behind_the_deployment(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    models: dict[str, set[str]] = {}
    for minute in ledger.metered:
        models.setdefault(minute.place.deployment.name, set()).add(minute.place.deployment.model.name)
    rows = ask(elasticsearch_client, scenario_namespace, ledger, "GatewayLogs")
    named: dict[str, set[str]] = {}
    for (_, deployment), row in rows.items():
        named.setdefault(deployment, set()).update(row.models)
    assert all(any(each.startswith(model) for each in named[name]) for name in models for model in models[name])


def test_an_hour_says_the_same_when_it_is_asked_for_alone(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    noon = ledger.start.replace(hour=12)
    whole = ask(elasticsearch_client, scenario_namespace, ledger, "GatewayLogs")
    alone = ask(
        elasticsearch_client, scenario_namespace, replace(ledger, start=noon, end=noon.replace(hour=13)), "GatewayLogs"
    )
    assert alone == {key: row for key, row in whole.items() if key[0] == hour_of(noon)}
