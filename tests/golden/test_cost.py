"""What tokens cost: the pipeline agrees with genai-prices, and a user's prices go before its own."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from genai_prices import Usage, calc_price

from collector.assets.files import read_prices, sources_root
from collector.assets.hooks import PRICES_PIPELINE
from collector.assets.pipelines import pipelines_of
from collector.assets.price_source import render_prices
from collector.assets.sources import pipelines
from collector.assets.templates import pipeline_id

pytestmark = pytest.mark.engine

CASES = 240
SEED = 20261121
type Costs = dict[str, Any]


class CostPipeline:
    """Prices usage on the engine, many calls in one request."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._processors: Any = pipelines_of("aoai.gateway")["cost"]["processors"]

    def price(self, calls: list[dict[str, Any]], own: dict[str, Any] | None = None) -> list[Costs]:
        docs = [
            {"_index": "i", "_id": str(number), "_source": self._document(call, own)}
            for number, call in enumerate(calls)
        ]
        answer = self._client.ingest.simulate(pipeline={"processors": self._processors}, docs=docs)
        return [doc["doc"]["_source"]["azure"]["open_ai"]["cost"] for doc in answer["docs"]]

    @staticmethod
    def _document(call: dict[str, Any], own: dict[str, Any] | None) -> dict[str, Any]:
        cached, written = call.get("cached", 0), call.get("written", 0)
        usage = {
            "input_tokens": call.get("input", 1000),
            "output_tokens": call.get("output", 0),
            "cache_read": {"input_tokens": cached},
            "cache_creation": {"input_tokens": written},
        }
        return {
            "@timestamp": call.get("time", "2026-11-21T00:00:00.000Z"),
            "_tmp": {} if own is None else {"prices": own},
            "azure": {"open_ai": {"properties": {"model_deployment_name": call.get("deployment", "chat")}}},
            "gen_ai": {"response": {"model": call["model"]}, "usage": usage},
        }


@pytest.fixture(scope="module")
def pipeline(elasticsearch_client: Elasticsearch) -> CostPipeline:
    return CostPipeline(elasticsearch_client)


def priced_by_the_source(model: str) -> bool:
    """Whether the source prices input and output; it counts a missing price as nothing, and we do not."""
    try:
        price = calc_price(Usage(input_tokens=1), model, provider_id="azure").model_price
    except LookupError:
        return False
    return price.output_mtok is not None


def draw_call(source: random.Random, names: list[str]) -> dict[str, Any]:
    """A call of any size on any day of the last three years, with some of its input from the cache."""
    size = source.choice((10, 1_000, 100_000, 150_000, 400_000))
    cached, written = (source.choice((0, source.randrange(size // 4 + 1))) for _ in range(2))
    day = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=source.randrange(1_050))
    return {
        "model": source.choice(names),
        "input": size + cached + written,
        "cached": cached,
        "written": written if source.random() < 0.3 else 0,
        "output": source.randrange(20_000),
        "time": day.isoformat().replace("+00:00", "Z"),
    }


def test_the_pipeline_agrees_with_genai_prices(pipeline: CostPipeline) -> None:
    source = random.Random(SEED)
    names = sorted(name for name in read_prices()["names"] if priced_by_the_source(name))
    calls = [draw_call(source, names) for _ in range(CASES)]
    for call, cost in zip(calls, pipeline.price(calls), strict=True):
        usage = Usage(
            input_tokens=call["input"],
            cache_read_tokens=call["cached"],
            cache_write_tokens=call["written"],
            output_tokens=call["output"],
        )
        when = datetime.fromisoformat(call["time"])
        price = calc_price(usage, call["model"], provider_id="azure", genai_request_timestamp=when)
        assert cost["status"] == "priced", call
        assert cost["total"] == pytest.approx(float(price.total_price), rel=1e-9, abs=1e-15), call
        assert cost["output"] == pytest.approx(float(price.output_price), rel=1e-9, abs=1e-15), call
        assert cost["input"] + cost["cached"] == pytest.approx(float(price.input_price), rel=1e-9, abs=1e-15), call


def test_the_price_list_is_what_the_locked_source_gives() -> None:
    assert (sources_root() / "catalogue" / "prices.yml").read_text(encoding="utf-8") == render_prices()


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ("a-model-nobody-knows", "unknown_model"),
        ("gpt-4o-2099-01-01", "unknown_model"),
        ("gpt-4o-realtime-preview", "unknown_model"),
        ("GPT-4o", "priced"),
        ("gpt-35-turbo", "priced"),
        ("gpt-5.6-terra-2027-01-31", "priced"),
        ("", "unknown_model"),
        ("-2025-01-01", "unknown_model"),
    ],
)
def test_a_model_without_a_price_gets_no_cost(pipeline: CostPipeline, model: str, status: str) -> None:
    (cost,) = pipeline.price([{"model": model}])
    assert (cost["status"], "total" in cost) == (status, status == "priced")


def test_more_cached_tokens_than_input_get_no_cost(pipeline: CostPipeline) -> None:
    assert pipeline.price([{"model": "gpt-4o", "input": 10, "cached": 11}]) == [{"status": "odd_usage"}]


OWN = {
    "currency": "EUR",
    "factor": 0.5,
    "models": {"tuned": {"input": 4.0, "cached": 1.0, "output": 8.0}, "half": {"input": 1.0}, "wrong": "text"},
    "deployments": {
        "zone": {"sku": "DataZoneStandard"},
        "batch": {"sku": "GlobalBatch"},
        "odd": {"sku": "NobodyKnows"},
        "dear": {"factor": 3},
        "paid": {"sku": "GlobalProvisionedManaged"},
    },
}
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("call", "total"),
    [
        ({"model": "gpt-4o", "input": MILLION}, 2.5 * 0.5),
        ({"model": "gpt-4o", "input": MILLION, "deployment": "zone"}, 2.5 * 0.5 * 1.1),
        ({"model": "gpt-4o", "input": MILLION, "deployment": "batch"}, 2.5 * 0.5 * 0.5),
        ({"model": "gpt-4o", "input": MILLION, "deployment": "odd"}, 2.5 * 0.5),
        ({"model": "gpt-4o", "input": MILLION, "deployment": "dear"}, 2.5 * 0.5 * 3),
        ({"model": "tuned", "input": MILLION, "cached": 400_000, "output": MILLION}, 0.6 * 4 + 0.4 * 1 + 8),
        ({"model": "half", "input": MILLION}, 1.0),
    ],
)
def test_prices_of_the_users_own_go_first(pipeline: CostPipeline, call: dict[str, Any], total: float) -> None:
    (cost,) = pipeline.price([call], OWN)
    assert (cost["total"], cost["currency"]) == (pytest.approx(total, rel=1e-9), "EUR")


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"model": "wrong", "deployment": "paid"}, "provisioned"),
        ({"model": "half", "output": 1}, "unknown_price"),
        ({"model": "wrong"}, "unknown_model"),
    ],
)
def test_what_the_users_prices_do_not_say_is_no_cost(pipeline: CostPipeline, call: dict[str, Any], status: str) -> None:
    assert pipeline.price([call], OWN) == [{"status": status}]


def test_a_call_of_a_provisioned_deployment_tells_what_its_tokens_would_cost(pipeline: CostPipeline) -> None:
    (cost,) = pipeline.price([{"model": "gpt-4o", "input": MILLION, "deployment": "paid"}], OWN)
    assert (cost["status"], cost["currency"]) == ("provisioned", "EUR")
    assert cost["pay_as_you_go"] == pytest.approx(2.5 * 0.5)
    assert "total" not in cost


@pytest.mark.parametrize("own", [{"models": "text", "deployments": [1], "factor": "x", "currency": 7}, {}])
def test_prices_that_are_none_change_nothing(pipeline: CostPipeline, own: dict[str, Any]) -> None:
    (cost,) = pipeline.price([{"model": "gpt-4o", "input": MILLION}], own)
    assert (cost["total"], cost["currency"]) == (2.5, "USD")


def test_the_users_prices_are_asked_for_first() -> None:
    processors: Any = pipelines()[pipeline_id("aoai.gateway", "cost")]["processors"]
    call, script = processors
    assert (call["pipeline"]["name"], call["pipeline"]["ignore_missing_pipeline"]) == (PRICES_PIPELINE, True)
    assert script["script"]["tag"] == "script_cost"
