"""The engine's way into Elasticsearch: which data stream a document goes to, and what the policy adds to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from collector.delivery.documents import DocumentIntake
from collector.events import DataStream
from collector.inputs.azure_metrics.ports import Document
from collector.output.elasticsearch.encoding import action
from collector.policy.azure_resources import ONLINE_DEPLOYMENTS, ONLINE_ENDPOINTS

METRICS: Final = "aoai.metrics"
INVENTORY: Final = "aoai.deployments"
_DATASETS: Final[Mapping[str, str]] = {
    ONLINE_ENDPOINTS.lower(): "aoai.endpoints",
    ONLINE_DEPLOYMENTS.lower(): "aoai.endpoints",
}
"""Metric namespace -> data set; those that are not here go to the stream's own."""
_encode = msgspec.json.Encoder().encode


class ElasticsearchSink:
    """A `DocumentSink` for one stream."""

    def __init__(
        self,
        intake: DocumentIntake,
        target: DataStream,
        tags: Sequence[str],
        enrich: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        """`enrich` adds the fields of the policy's processors to those that all documents share."""
        self._intake = intake
        self._target = target
        self._tags = tuple(tags)
        self._enrich = enrich
        self._shared: dict[str, tuple[str, dict[str, Any]]] = {}
        self.in_doubt = True
        """Whether an earlier poller may have written these already; until the first round has gone through."""

    async def deliver(self, documents: Sequence[Document]) -> None:
        """Return when every document is settled."""
        await self._intake.deliver([self._render(document) for document in documents], in_doubt=self.in_doubt)

    def _render(self, document: Document) -> bytes:
        stream, shared = self._find_shared(document.namespace)
        event = {**cast("dict[str, Any]", document.source.get("event", {})), **shared["event"]}
        body = {**document.source, **shared, "event": event}
        return action(stream, document.id.encode()) + _encode(body) + b"\n"

    def _find_shared(self, namespace: str) -> tuple[str, dict[str, Any]]:
        """Return the data stream, and what its documents share."""
        known = self._shared.get(namespace)
        if known is not None:
            return known
        target = self._target
        if target.dataset == METRICS:  # another package's data set takes all of them
            target = DataStream(target.type, _DATASETS.get(namespace.lower(), METRICS), target.namespace)
        fields: dict[str, Any] = {
            "data_stream": {"type": target.type, "dataset": target.dataset, "namespace": target.namespace},
            "event": {"dataset": target.dataset},
        }
        if self._tags:
            fields["tags"] = self._tags
        made = self._shared[namespace] = target.name, self._enrich(fields)
        return made
