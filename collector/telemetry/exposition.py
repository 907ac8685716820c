"""Writes /metrics: the table of numbers in the text format of Prometheus, or OpenMetrics where it is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, override

from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from collector.telemetry.metrics import SCOPES, Kind, Metric, Scope
from collector.telemetry.status import Status


class _Moment(Collector):
    """The families of one moment; there is no registry that anything global could add to."""

    def __init__(self, statuses: Iterable[Status]) -> None:
        self._statuses = tuple(statuses)

    @override
    def collect(self) -> Iterator[Family]:
        for scope in SCOPES:
            subjects = [status for status in self._statuses if isinstance(status, scope.subject)]
            for metric in scope.metrics:
                yield _family(scope, metric, subjects)


def _family(scope: Scope[Any], metric: Metric[Any], subjects: Sequence[Status]) -> Family:
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = make(metric.name, metric.help, labels=scope.labels)
    for subject in subjects:
        value = metric.read(subject)
        if value is not None:
            family.add_metric([str(getattr(subject, label)) for label in scope.labels], value)
    return family


def render(statuses: Iterable[Status], accept: str = "") -> tuple[bytes, str]:
    """Return the page and its content type, in the form that the ``Accept`` header asks for."""
    encode, content_type = choose_encoder(accept)
    return encode(_Moment(statuses)), content_type
