"""The budget of a day and the price of a unit's hour, set as a user sets them: in the pipeline of own prices."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from elasticsearch import Elasticsearch

from collector.assets.hooks import PRICES_PIPELINE

DAILY_BUDGET: Final = 500.0
UNIT_HOUR: Final = 0.0005
"""What an hour of a provisioned throughput unit costs this user: as little as a day of few calls is worth."""


class OwnPricesError(Exception):
    """Somebody has own prices on this cluster, and a scenario would overwrite them."""


@contextmanager
def own_prices(client: Elasticsearch, namespace: str) -> Generator[None]:
    """Give documents of a namespace both while they are written.

    Raises:
        OwnPricesError: the cluster has a pipeline of own prices.
    """
    if client.options(ignore_status=404).ingest.get_pipeline(id=PRICES_PIPELINE).body:
        raise OwnPricesError(f"the pipeline {PRICES_PIPELINE} is somebody's own; scenarios go to a cluster without it")
    prices = {
        "if": f"ctx.data_stream?.namespace == '{namespace}'",
        "field": "_tmp.prices",
        "value": {"daily_budget": DAILY_BUDGET, "unit_hour": UNIT_HOUR},
    }
    client.ingest.put_pipeline(id=PRICES_PIPELINE, processors=[{"set": prices}])
    try:
        yield
    finally:
        client.ingest.delete_pipeline(id=PRICES_PIPELINE)
