"""Documents: a row of a minute in the shape that a stock agent's ``azure/metrics`` input sends, under an id of its own.

``azure.metrics.NAME.total`` (``avg``, ``min``, ``max``, ``count``), ``azure.dimensions.NAME``, ``azure.namespace``,
``azure.timegrain``, ``azure.resource.*``, ``azure.subscription_id``, ``cloud.*``; names are those of metricbeat's azure
module. One thing is added that only the collector knows: ``azure.deployment.*``, the model behind a deployment, since
Azure's token metrics name the deployment and not the model.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

from collector.azure_monitor.metrics import property_name
from collector.inputs.azure_metrics.planning import MetricGroup
from collector.inputs.azure_metrics.ports import Document, moment
from collector.inputs.azure_metrics.resources import Deployment, Resource
from collector.inputs.azure_metrics.series import Dimensions, Row

_DIGEST_BYTES: Final = 16
_ID_CHARACTERS: Final = 22
_DEPLOYMENT: Final = "ModelDeploymentName"


def build(
    resource: Resource,
    group: MetricGroup,
    minute: int,
    rows: Iterable[tuple[Dimensions, Row]],
    *,
    late: bool = False,
) -> Iterator[Document]:
    """Yield a document for each dimension set.

    ``late`` are rows of metrics that came after the document of their dimension set: their ids name the metrics too, so
    that they stand beside it. No value is in both.
    """
    frame = _frame(resource, group, minute)
    for dimensions, row in rows:
        names = [group.metrics[index].name for index in sorted(row)] if late else ()
        azure = {
            **frame.azure,
            "dimensions": {property_name(name): value for name, value in dimensions},
            "metrics": _metrics(group, row),
        }
        deployment = resource.deployment(dict(dimensions).get(_DEPLOYMENT, ""))
        if deployment is not None:
            azure["deployment"] = _deployment(deployment)
        source = {"@timestamp": frame.timestamp, "azure": azure, "cloud": frame.cloud, "event": _EVENT}
        yield Document(document_id(resource, group, minute, dimensions, names), group.namespace, source)


def document_id(
    resource: Resource, group: MetricGroup, minute: int, dimensions: Dimensions, late: Iterable[str] = ()
) -> str:
    """Return the id of the document of a resource, dimension set and minute."""
    pairs = [part for pair in dimensions for part in pair]
    named = "\0".join([resource.key, group.namespace.lower(), str(minute), *pairs, *(f"\0{name}" for name in late)])
    return digest(named)


class _Frame:
    """What all documents of a resource, group and minute have in common; shared between them, so never changed."""

    __slots__ = ("azure", "cloud", "timestamp")

    def __init__(self, timestamp: str, azure: Mapping[str, object], cloud: Mapping[str, object]) -> None:
        self.timestamp = timestamp
        self.azure = azure
        self.cloud = cloud


_EVENT: Final = {"module": "azure"}


def describe(resource: Resource) -> tuple[dict[str, object], dict[str, object]]:
    """Return what ``azure`` and ``cloud`` of every document of a resource hold."""
    described: dict[str, object] = {
        "id": resource.id,
        "name": resource.name,
        "group": resource.group,
        "type": resource.type,
    }
    if resource.tags:
        described["tags"] = dict(resource.tags)
    azure: dict[str, object] = {"subscription_id": resource.subscription_id, "resource": described}
    return azure, place(resource.subscription_id, resource.region)


def place(subscription_id: str, region: str) -> dict[str, object]:
    """Return ``cloud`` of a document."""
    return {"provider": "azure", "region": region, "account": {"id": subscription_id}}


def digest(named: str) -> str:
    """Return the id of the document that a text names."""
    made = blake2b(named.encode(), digest_size=_DIGEST_BYTES).digest()
    return urlsafe_b64encode(made).decode()[:_ID_CHARACTERS]


def _frame(resource: Resource, group: MetricGroup, minute: int) -> _Frame:
    described, cloud = describe(resource)
    azure = {"timegrain": "PT1M", "namespace": group.namespace, **described}
    return _Frame(f"{moment(minute):%Y-%m-%dT%H:%M:00.000Z}", azure, cloud)


def _metrics(group: MetricGroup, row: Row) -> dict[str, object]:
    return {
        property_name(group.metrics[index].name): {
            aggregation.suffix: value
            for aggregation, value in zip(group.metrics[index].aggregations, values, strict=True)
            if value is not None
        }
        for index, values in sorted(row.items())
    }


def _deployment(deployment: Deployment) -> dict[str, object]:
    model = {"name": deployment.model} | ({"version": deployment.version} if deployment.version else {})
    described: dict[str, object] = {"name": deployment.name, "model": model}
    if deployment.sku:
        described["sku"] = {"name": deployment.sku} | (
            {"capacity": deployment.capacity} if deployment.capacity is not None else {}
        )
    return described
