"""The budget of a day, set as a user sets it: in the pipeline of their own prices (docs/cost.md)."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from elasticsearch import Elasticsearch

from collector.assets.hooks import PRICES_PIPELINE

DAILY_BUDGET: Final = 500.0


class OwnPricesError(Exception):
    """Somebody has own prices on this cluster, and a scenario would overwrite them."""


@contextmanager
def daily_budget(client: Elasticsearch, namespace: str) -> Generator[None]:
    """Give documents of a namespace the budget while they are written.

    Raises:
        OwnPricesError: the cluster has a pipeline of own prices.
    """
    if client.options(ignore_status=404).ingest.get_pipeline(id=PRICES_PIPELINE).body:
        raise OwnPricesError(f"the pipeline {PRICES_PIPELINE} is somebody's own; scenarios go to a cluster without it")
    prices = {
        "if": f"ctx.data_stream?.namespace == '{namespace}'",
        "field": "_tmp.prices",
        "value": {"daily_budget": DAILY_BUDGET},
    }
    client.ingest.put_pipeline(id=PRICES_PIPELINE, processors=[{"set": prices}])
    try:
        yield
    finally:
        client.ingest.delete_pipeline(id=PRICES_PIPELINE)
