"""The minutes of a day as documents of Azure Monitor's metrics, in the collector's own shape."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from collector.azure_monitor.metrics import metrics_of
from collector.emulators.azure_monitor import Calls, Observation, Sample
from collector.emulators.azure_monitor.observations import merge
from collector.inputs.azure_metrics.documents import build
from collector.inputs.azure_metrics.planning import MetricGroup, group_metrics
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.resources import Deployment, Resource
from collector.inputs.azure_metrics.series import Dimensions, Row
from collector.policy.azure_resources import ACCOUNTS
from collector.scenario.ledger import Ledger, MeteredMinute
from collector.scenario.screening import METRICS as SCREENED
from collector.scenario.screening import observe_screening
from collector.scenario.world import PLACES

_COLLECTED: Final = frozenset(
    {
        "AzureOpenAIRequests",
        "AzureOpenAIAvailabilityRate",
        "ProcessedPromptTokens",
        "GeneratedTokens",
        "TokenTransaction",
        *SCREENED,
    }
)
"""What of Azure's many metrics a day has: those that dashboards read; a document more for each set of dimensions."""
_MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def write_metrics(ledger: Ledger) -> Iterator[Document]:
    """Yield the documents that a poller of Azure Monitor makes of a day."""
    observed: defaultdict[tuple[str, datetime], list[Observation]] = defaultdict(list)
    for minute in ledger.metered:
        observations = observed[minute.place.resource.name, minute.minute]
        observations.append(_observe(minute))
        observations.extend(observe_screening(minute))
    for (account, at), observations in observed.items():
        yield from measure(account_of(account), at, _groups(), observations)


def measure(
    resource: Resource, at: datetime, groups: Sequence[MetricGroup], observations: Sequence[Observation]
) -> Iterator[Document]:
    """Yield the documents of a minute of a resource, for some groups of metrics."""
    for group in groups:
        yield from build(resource, group, number_minute(at), list(_rows(group, observations)))


def number_minute(at: datetime) -> int:
    """Return how many whole minutes a moment is after the begin of 1970, as the poller counts them."""
    return (at - _EPOCH) // _MINUTE


def account_of(name: str) -> Resource:
    """Return an account as discovery knows it, with its deployments."""
    return _accounts()[name]


def _observe(minute: MeteredMinute) -> Observation:
    usage, model = minute.usage, minute.place.deployment.model
    observed = Calls(
        region=minute.place.resource.region,
        deployment=minute.place.deployment.name,
        model=model.name,
        version=model.version,
        status=minute.status,
        stream_type="Streaming" if minute.streamed else "Non-Streaming",
        time_to_response=_measure(minute),
        time_to_last_byte=_measure(minute),
        operation=model.operation,
        input_tokens=usage.input_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
    ).observe()
    # To the emulator every call is one that the content filter looks at.
    return Observation(
        observed.dimensions, {name: each for name, each in observed.samples.items() if name not in SCREENED}
    )


def _measure(minute: MeteredMinute) -> Sample:
    values = [call.latency / timedelta(milliseconds=1) for call in minute.calls]
    return Sample(sum(values), len(values), min(values), max(values))


def _rows(group: MetricGroup, observations: Sequence[Observation]) -> Iterator[tuple[Dimensions, Row]]:
    """Add up what has the same values of the group's dimensions, as Azure does."""
    samples: defaultdict[Dimensions, defaultdict[int, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for observation in observations:
        names = observation.dimensions
        dimensions = tuple((name, names[name]) for name in group.dimensions if name in names)
        for index, metric in enumerate(group.metrics):
            if metric.name in observation.samples:
                samples[dimensions][index].append(observation.samples[metric.name])
    for dimensions, metrics in samples.items():
        yield (
            dimensions,
            {
                index: tuple(merged.measure(each) for each in group.metrics[index].aggregations)
                for index, parts in metrics.items()
                if (merged := merge(parts))
            },
        )


@cache
def _groups() -> tuple[MetricGroup, ...]:
    return group_metrics(metric for metric in metrics_of(ACCOUNTS) if metric.name in _COLLECTED)


@cache
def _accounts() -> dict[str, Resource]:
    """The accounts as discovery knows them, by name."""
    deployments: defaultdict[str, dict[str, Deployment]] = defaultdict(dict)
    for place in PLACES:
        model = place.deployment.model
        deployments[place.resource.name][place.deployment.name.lower()] = Deployment(
            place.deployment.name, model.name, model.version, place.sku, place.capacity
        )
    return {
        place.resource.name: Resource(
            place.resource.id,
            ACCOUNTS,
            place.resource.region,
            kind="OpenAI",
            deployments=deployments[place.resource.name],
        )
        for place in PLACES
    }
