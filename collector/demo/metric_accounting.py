"""Compares what Azure Monitor has in the end with what the engine holds: every value of every series and minute.

What must be there is said by the emulator's own ledger, which knows the calls and never asks the collector. A value
counts as stored when one document, and no second one, has it under the field that the catalogue of metrics names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_scan

from collector.azure_monitor.metrics import Aggregation, Metric, find_metric, metrics_of
from collector.demo.streams import DEMO_STREAMS, SEARCH_OPTIONS, Streams
from collector.demo.window import Window
from collector.emulators.azure_monitor import AzureMonitorEmulator

_ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"
_MINUTE: Final = timedelta(minutes=1)
_PAGE: Final = 2_000
# A mean is computed twice, and may differ in its last digit.
_SAME: Final = 1e-9

type Values = Mapping[Aggregation, float]


class Series(NamedTuple):
    """One value's name: ``dimensions`` are pairs of a name in lower case, without underscores, and a value, sorted."""

    account: str
    minute: datetime
    metric: str
    dimensions: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Name it as people would look for it."""
        values = ", ".join(value for _, value in self.dimensions if value) or "unsplit"
        return f"{self.metric} of {self.account} at {self.minute:%H:%M} UTC [{values}]"


class Gap(NamedTuple):
    """A run of minutes that the collector has listed, with its reason; ``dimensions`` are names as in `Series`."""

    account: str
    dimensions: frozenset[str]
    since: datetime
    until: datetime
    reason: str

    def covers(self, series: Series) -> bool:
        """Tell whether a value is among what is listed."""
        here = series.account == self.account and self.dimensions == frozenset(name for name, _ in series.dimensions)
        return here and self.since <= series.minute < self.until


@dataclass(frozen=True, slots=True)
class MetricAccount:
    """How the values came out. ``listed`` are those that are not stored, or not as they are, and that a gap names.

    ``missing`` and ``altered`` are neither; ``faults`` names them, and the ``extra`` ones, in words.
    """

    expected: int
    stored: int
    listed: int
    missing: int
    altered: int
    extra: int
    faults: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether every final value is stored or listed, and nothing else is there."""
        return not self.faults


def list_final_values(monitor: AzureMonitorEmulator, window: Window) -> dict[Series, Values]:
    """Return what the metrics of the window's minutes are in the end."""
    minutes = [window.since + _MINUTE * number for number in range(int(window.seconds // _MINUTE.total_seconds()))]
    finals: dict[Series, Values] = {}
    for entry in monitor.ledger.entries(minutes):
        metric = find_metric(_ACCOUNTS, entry.metric)
        if metric is not None and entry.final is not None:
            account = entry.resource_id.rpartition("/")[2].lower()
            series = Series(account, entry.minute, metric.name, tuple(sorted(entry.dimensions.items())))
            finals[series] = {each: entry.final.measure(each) for each in metric.aggregations}
    return finals


async def find_values(
    client: AsyncElasticsearch, window: Window, streams: Streams = DEMO_STREAMS
) -> list[tuple[Series, Values]]:
    """Return what the engine holds of the window's minutes; a value that stands twice comes twice."""
    await client.indices.refresh(index=streams.metrics, **SEARCH_OPTIONS)
    between = {"range": {"@timestamp": {"gte": window.since.isoformat(), "lt": window.until.isoformat()}}}
    documents = async_scan(client, index=streams.metrics, query={"query": between}, size=_PAGE, **SEARCH_OPTIONS)
    return [value async for document in documents for value in _read_document(document["_source"])]


def settle_metrics(
    finals: Mapping[Series, Values], found: Sequence[tuple[Series, Values]], gaps: Sequence[Gap] = ()
) -> MetricAccount:
    """Compare what must be there with what is, and with the gaps that are listed."""
    stored = dict(found)
    extra = [series for series, _ in found if series not in finals] + _find_doubles(found)
    absent = [series for series in finals if series not in stored]
    changed = [series for series in finals if series in stored and not _are_same(finals[series], stored[series])]
    listed = {series for series in (*absent, *changed) if any(gap.covers(series) for gap in gaps)}
    missing = [series for series in absent if series not in listed]
    altered = [series for series in changed if series not in listed]
    faults = [("missing", missing), ("altered", altered), ("extra", extra)]
    return MetricAccount(
        expected=len(finals),
        stored=len(finals) - len(absent) - len(changed),
        listed=len(listed),
        missing=len(missing),
        altered=len(altered),
        extra=len(extra),
        faults=tuple(f"{fault}: {series}" for fault, several in faults for series in several),
    )


def read_gap(line: Mapping[str, Any]) -> Gap:
    """Return a gap from a line of ``aoai-collector gaps --json``."""
    names = frozenset(name.replace("_", "") for name in line["group"].split("+"))
    since, until = (datetime.fromisoformat(line[key]) for key in ("from", "to"))
    account = line["resource"].rpartition("/")[2]
    return Gap(account, names - {"unsplit"}, since, until, line["reason"])


def _find_doubles(found: Sequence[tuple[Series, Values]]) -> list[Series]:
    seen: set[Series] = set()
    return [series for series, _ in found if series in seen or seen.add(series)]


def _are_same(wanted: Values, seen: Values) -> bool:
    return wanted.keys() == seen.keys() and all(
        abs(wanted[each] - seen[each]) <= _SAME * max(1.0, abs(wanted[each])) for each in wanted
    )


def _read_document(source: Mapping[str, Any]) -> Iterator[tuple[Series, Values]]:
    azure = source["azure"]
    dimensions = tuple(sorted((name.replace("_", ""), value) for name, value in azure.get("dimensions", {}).items()))
    minute = datetime.fromisoformat(source["@timestamp"])
    for metric in metrics_of(_ACCOUNTS):
        values = _read_field(source, metric)
        if values:
            yield Series(azure["resource"]["name"], minute, metric.name, dimensions), values


def _read_field(source: Mapping[str, Any], metric: Metric) -> Values:
    level: Any = source
    for part in metric.field.split("."):
        level = level.get(part, {})
    return {each: level[each.suffix] for each in metric.aggregations if each.suffix in level}
