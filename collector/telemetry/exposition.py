"""Writes /metrics: the table of numbers in the text format of Prometheus, or OpenMetrics where it is asked for.

A supervisor's page holds what it has itself, and the pages of its workers with the label ``worker`` added.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, override

from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from collector.telemetry.metrics import SCOPES, WORKER, Kind, Metric, Scope
from collector.telemetry.status import ProcessStatus, Status, WorkerStatus


class _Moment(Collector):
    """The families of one moment; there is no registry that anything global could add to."""

    def __init__(self, statuses: Iterable[Status]) -> None:
        self._statuses = tuple(statuses)

    @override
    def collect(self) -> Iterator[Family]:
        for scope in SCOPES:
            yield from _families(scope, self._statuses)


class _Workers(Collector):
    """The families of a supervisor and of its workers."""

    def __init__(self, statuses: Iterable[ProcessStatus | WorkerStatus], pages: Mapping[int, str]) -> None:
        self._statuses = tuple(statuses)
        self._pages = pages

    @override
    def collect(self) -> Iterator[Family]:
        families = {family.name: family for scope in (WORKER, *SCOPES) for family in _families(scope, self._statuses)}
        for worker, page in self._pages.items():
            for family in text_string_to_metric_families(page):
                for sample in family.samples:
                    families[family.name].add_sample(sample.name, sample.labels | {"worker": str(worker)}, sample.value)
        yield from families.values()


def _families(scope: Scope[Any], statuses: Sequence[Status | WorkerStatus]) -> Iterator[Family]:
    subjects = [status for status in statuses if isinstance(status, scope.subject)]
    for metric in scope.metrics:
        yield _family(scope, metric, subjects)


def _family(scope: Scope[Any], metric: Metric[Any], subjects: Sequence[Status | WorkerStatus]) -> Family:
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


def render_workers(
    statuses: Iterable[ProcessStatus | WorkerStatus], pages: Mapping[int, str], accept: str = ""
) -> tuple[bytes, str]:
    """Return the page of a supervisor: its own statuses, and its workers' pages by their numbers."""
    encode, content_type = choose_encoder(accept)
    return encode(_Workers(statuses, pages)), content_type
