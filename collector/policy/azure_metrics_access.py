"""Which keys of a stream of metrics go together, and what follows from them.

Promises: looks at which keys are given, so it can tell what is missing even where other values are wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from collector.policy.azure_resources import subscription_of
from collector.policy.login_rules import choose_cloud
from collector.policy.section import Contradiction
from collector.policy.storage_rules import choose_store, complete_storage

METRICS_CONTAINER: Final = "aoai-metrics"
DATASET: Final = "aoai.metrics"
_MINUTE: Final = 60


def complete_metrics_stream(given: Mapping[str, object], input_id: str) -> dict[str, object]:
    """Return the keys of a stream with those added that follow from others.

    These are id, checkpoint_store, storage_account_container, and what follows from the cloud: authority_host, the
    endpoints of Resource Manager, Azure Monitor and Storage.
    """
    stream = dict(given)
    data_stream = stream.get("data_stream")
    dataset = cast("Mapping[str, object]", data_stream).get("dataset") if isinstance(data_stream, Mapping) else None
    stream.setdefault("id", f"{input_id}-{dataset if isinstance(dataset, str) else DATASET}")
    hosts = ("authority_host", "resource_manager_endpoint", "metrics_endpoint")
    cloud = choose_cloud(stream, [str(stream[key]) for key in hosts if key in stream])
    if cloud is not None:
        stream["cloud"] = cloud.name
        stream.setdefault("authority_host", cloud.authority_host)
        stream.setdefault("resource_manager_endpoint", cloud.resource_manager_endpoint)
        stream.setdefault("resource_manager_audience", cloud.resource_manager_endpoint)
        stream.setdefault("metrics_endpoint", cloud.metrics_endpoint)
        complete_storage(stream, cloud)
    stream.setdefault("checkpoint_store", choose_store(stream))
    if stream["checkpoint_store"] == "blob":
        stream.setdefault("storage_account_container", METRICS_CONTAINER)
    return stream


def find_foreign_resources(ids: Sequence[str], subscriptions: Sequence[str]) -> Iterator[Contradiction]:
    """Yield ids of resources whose subscription the stream does not name."""
    known = {subscription.lower() for subscription in subscriptions}
    for resource_id in ids:
        if subscription_of(resource_id) not in known:
            what = "holds the id of a resource in a subscription that subscription_id does not name"
            yield Contradiction(("resource_ids",), what, "Write that subscription too.")
            return


def find_odd_period(seconds: float) -> Iterator[Contradiction]:
    """Yield a period that is no number of whole minutes: a metric has one value a minute."""
    if seconds % _MINUTE:
        yield Contradiction(("period",), "is not a number of whole minutes", "Write for example 60s or 5m.")
