"""The kinds of inputs: which section holds the keys of an input, and which those of its streams.

Promises: one entry for one kind; loading, reference and schema go by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from collector.policy.azure_metrics import AzureMetricsInput, AzureMetricsStream
from collector.policy.azure_metrics_access import complete_metrics_stream
from collector.policy.azure_resources import find_other_purpose
from collector.policy.event_hub import EventHubInput, EventHubStream
from collector.policy.event_hub_access import complete_stream
from collector.policy.processor_names import METRICS, RECORDS, Sight

type InputSection = EventHubInput | AzureMetricsInput
type StreamSection = EventHubStream | AzureMetricsStream


WRITTEN_ONLY: Final = frozenset({"aoai.collector", "aoai.deadletter", "aoai.deployments"})
"""Data sets that the package has streams for so that the key which Fleet makes may write them."""


def _find_right(stream: Mapping[str, object]) -> str | None:
    target = stream.get("data_stream")
    dataset = cast("Mapping[str, object]", target).get("dataset") if isinstance(target, Mapping) else None
    if dataset in WRITTEN_ONLY:
        return "it is there for the rights of Fleet's key; the collector writes that data stream without being told"
    return None


def _find_purpose_of_metrics(stream: Mapping[str, object]) -> str | None:
    return _find_right(stream) or find_other_purpose(stream)


@dataclass(frozen=True, slots=True)
class InputKind:
    """One kind of input."""

    input: type[InputSection]
    stream: type[StreamSection]
    complete: Callable[[Mapping[str, object], str], dict[str, object]]
    """Adds to the keys of a stream what follows from them; the second is the id of the input."""
    needs: str
    """The keys that a first stream is written with."""
    sight: Sight
    """What processors work on."""
    find_other_purpose: Callable[[Mapping[str, object]], str | None] = _find_right
    """Tells why a stream, as the file has it, is not to be read here."""


EVENT_HUB: Final = InputKind(EventHubInput, EventHubStream, complete_stream, "eventhub and connection_string", RECORDS)
AZURE_METRICS: Final = InputKind(
    AzureMetricsInput,
    AzureMetricsStream,
    complete_metrics_stream,
    "subscription_id and the keys of a login",
    METRICS,
    _find_purpose_of_metrics,
)
INPUT_KINDS: Final[Mapping[str, InputKind]] = {
    "azure-eventhub": EVENT_HUB,
    "azure/metrics": AZURE_METRICS,
    "aoai/azure-eventhub": EVENT_HUB,
    "aoai/azure-metrics": AZURE_METRICS,
}
"""By the ``type`` of the input. Under Fleet the first two names belong to the Elastic Agent's own programs, so the same
inputs also answer to the last two."""
FLEET_INPUT_TYPES: Final[Mapping[str, str]] = {
    "aoai/azure-eventhub": "logs from event hubs",
    "aoai/azure-metrics": "metrics from Azure Monitor",
}
"""The types that Fleet may name, with what such an input reads."""
