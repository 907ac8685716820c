"""What there is to tell of a stream of metrics: its state, its polling, and its gap ledger in figures."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from collector.inputs.azure_metrics.gaps import GapReason
from collector.inputs.azure_metrics.ports import MINUTE
from collector.telemetry.health import Component, State
from collector.telemetry.status import GapStatus, PollingStatus, Status, StreamStatus

if TYPE_CHECKING:
    from collector.agent.metrics_stream import RunningMetrics
    from collector.inputs.azure_metrics.polling import Poller


def metrics_health(started: bool, metrics: "RunningMetrics") -> Component:
    """Return the stream with what is wrong with it now."""
    return Component("stream", metrics.policy.id, started, metrics.reader.troubles)


def describe_metrics(output: str, metrics: "RunningMetrics", health: Component) -> Iterator[Status]:
    """Yield what is told of a stream; its figures begin anew with each poller."""
    name, reader = metrics.policy.id, metrics.reader
    healthy = health.state is State.HEALTHY
    yield StreamStatus(output, name, owned_partitions=None, last_success_at=reader.last_success_at, healthy=healthy)
    poller = reader.poller
    if poller is None:
        yield PollingStatus(output, name, 0, 0.0, 0, 0, 0, 0)
        return
    calls = poller.figures.calls
    yield PollingStatus(
        output,
        name,
        resources=reader.resources,
        lag_seconds=float(poller.lag() * MINUTE),
        requests=calls.made,
        throttled_requests=calls.throttled,
        failed_requests=calls.refused + calls.unavailable,
        restated_documents=poller.figures.restated_documents,
    )
    yield from _describe_gaps(output, name, poller)


def _describe_gaps(output: str, stream: str, poller: "Poller") -> Iterator[GapStatus]:
    opened: Counter[GapReason] = Counter()
    for gap in poller.progress.gaps():
        opened[gap.reason] += gap.minutes
    closed, lost = poller.progress.closed_minutes, poller.progress.lost_minutes
    for reason in GapReason:
        if opened[reason] or closed[reason] or lost[reason]:
            yield GapStatus(output, stream, reason, opened[reason], closed[reason], lost[reason])
