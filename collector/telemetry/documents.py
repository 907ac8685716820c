"""The documents of ``metrics-aoai.collector-*``: the numbers of /metrics, one document for each subject and interval.

A document holds what ECS and the Elastic Agent call ``agent``, ``event``, ``metricset`` and ``labels``, and the
numbers of its subject under ``aoai.collector``. A counter starts at 0 with each ``agent.ephemeral_id``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from collector.telemetry.metrics import SCOPES
from collector.telemetry.status import Status

DATASET: Final = "aoai.collector"
TYPE: Final = "metrics"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which collector speaks: its host's name, and what is new with each start."""

    name: str
    version: str
    ephemeral_id: str


def build_documents(
    statuses: Iterable[Status], identity: Identity, namespace: str, moment: datetime
) -> list[dict[str, Any]]:
    """Return the documents of one moment."""
    shared: dict[str, Any] = {
        "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data_stream": {"type": TYPE, "dataset": DATASET, "namespace": namespace},
        "event": {"kind": "metric", "module": "aoai", "dataset": DATASET},
        "agent": {
            "type": "aoai-collector",
            "name": identity.name,
            "version": identity.version,
            "ephemeral_id": identity.ephemeral_id,
        },
    }
    return [shared | _describe(status) for status in statuses]


def _describe(status: Status) -> dict[str, Any]:
    scope = next(scope for scope in SCOPES if isinstance(status, scope.subject))
    document: dict[str, Any] = {"metricset": {"name": scope.name}}
    if scope.labels:
        document["labels"] = {label: str(getattr(status, label)) for label in scope.labels}
    for metric in scope.metrics:
        value = metric.read(status)
        if value is not None:
            _put(document, metric.field, value)
    return document


def _put(document: dict[str, Any], field: str, value: float) -> None:
    *parents, leaf = field.split(".")
    for parent in parents:
        document = document.setdefault(parent, {})
    document[leaf] = value
