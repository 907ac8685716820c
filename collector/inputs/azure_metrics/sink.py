"""The engine's way into Elasticsearch: which data stream a document goes to, and what the policy adds to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from collector.delivery.documents import DocumentIntake
from collector.delivery.processing import DocumentProcessing, enrich, is_constant
from collector.events import DataStream
from collector.inputs.azure_metrics.ports import Document
from collector.output.elasticsearch.encoding import action
from collector.policy.azure_resources import ONLINE_DEPLOYMENTS, ONLINE_ENDPOINTS
from collector.policy.processors import Processor

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
        processors: Sequence[Processor] = (),
    ) -> None:
        """`processors` are those of the policy; what they do to every document alike is done once for all."""
        self._intake = intake
        self._target = target
        self._tags = tuple(tags)
        constant = is_constant(processors)
        self._always = processors if constant else ()
        self._processing = None if constant else DocumentProcessing(processors)
        self._shared: dict[str, tuple[str, dict[str, Any]]] = {}
        self.in_doubt = True
        """Whether an earlier poller may have written these already; until the first round has gone through."""

    async def deliver(self, documents: Sequence[Document]) -> None:
        """Return when every document is settled."""
        lines = [line for document in documents if (line := self._render(document)) is not None]
        await self._intake.deliver(lines, in_doubt=self.in_doubt, dropped=len(documents) - len(lines))

    def _render(self, document: Document) -> bytes | None:
        """Return the bulk lines of a document, or None when a processor drops it."""
        stream, shared = self._find_shared(document.namespace)
        event = {**cast("dict[str, Any]", document.source.get("event", {})), **shared["event"]}
        body: dict[str, Any] | None = {**document.source, **shared, "event": event}
        if self._processing is not None:
            body = self._processing.apply(body)
            if body is None:
                return None
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
        made = self._shared[namespace] = target.name, enrich(fields, self._always)
        return made
