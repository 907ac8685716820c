"""Questions for values, read from the parameters of either API.

The two APIs share their parameters but for the span of time (`timespan`; `starttime` and `endtime`) and the name of the
filter (`$filter`; `filter`). Names of parameters have no case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.azure_monitor.metrics import Aggregation
from collector.emulators.azure_monitor.definitions import GRAINS, Definition, Definitions
from collector.emulators.azure_monitor.errors import (
    bad_interval,
    bad_value,
    missing_parameter,
    too_many_metrics,
    unknown_dimensions,
)
from collector.emulators.azure_monitor.filters import Filter, parse_filter

MOST_METRICS: Final = 20
"""How many metric names a call may have."""

DEFAULT_TOP: Final = 10
"""How many series come when a filter is given and `top` is not."""

_INSTANT: Final = timedelta(microseconds=1)
# Far more than anything is kept for.
_LONGEST: Final = timedelta(days=366)
_FULL: Final = "FULL"
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
_AGGREGATIONS: Final = {each.lower(): each for each in Aggregation}
_ORDERS: Final = {"sum": Aggregation.TOTAL} | _AGGREGATIONS


@dataclass(frozen=True, slots=True)
class Query:
    """A question for values of some metrics of one resource type.

    Attributes:
        start: the first minute.
        end: where the time ends; not in it.
        step: the time grain; None for one point over all of it.
        split: the dimensions of the filter, spelt as defined, for each metric.
        top: how many series of each metric; None for all, since there is no filter.
        order: by what the series are ordered, and whether the largest come first.
    """

    definitions: Sequence[Definition]
    start: datetime
    end: datetime
    step: timedelta | None
    interval: str
    aggregations: Sequence[Aggregation]
    filter: Filter
    split: Mapping[str, Sequence[str]]
    top: int | None
    order: tuple[Aggregation, bool] | None
    metadata_only: bool = False

    def slots(self, since: datetime, until: datetime) -> list[datetime]:
        """Return where its points begin: those that reach beyond `since` and do not begin after `until`."""
        if self.step is None:
            return [self.start] if self.start <= until else []
        first = max(0, (since - self.start) // self.step)
        last = (min(until, self.end - _INSTANT) - self.start) // self.step
        return [self.start + self.step * number for number in range(first, last + 1)]


def parse_span(text: str, now: datetime) -> tuple[datetime, datetime]:
    """Read a `timespan`: two times, or a duration that ends now.

    Raises:
        RequestRefusedError: it is neither.
    """
    first, slash, second = text.partition("/")
    if slash:
        return parse_time(first, "timespan"), parse_time(second, "timespan")
    return now - _parse_duration(text, "timespan"), now


def parse_time(text: str, name: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC.

    Raises:
        RequestRefusedError: it is none.
    """
    try:
        time = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_value(text, name, ["yyyy-MM-ddTHH:mm:ss.fffZ"]) from None


def parse_query(
    parameters: Mapping[str, str],
    span: tuple[datetime, datetime],
    filter_text: str,
    namespace: str,
    definitions: Definitions,
) -> Query:
    """Read a question; `parameters` have lower-case names.

    Raises:
        RequestRefusedError: Azure would not take it.
    """
    metrics = definitions.select(namespace, _split_names(parameters))
    interval = parameters.get("interval", GRAINS[0])
    step = None if interval.upper() == _FULL else _parse_grain(interval)
    wanted = parse_filter(filter_text)
    split = {each.name: _split_by(each, wanted, parameters) for each in metrics}
    start = _align(span[0], step)
    if start >= span[1]:
        raise bad_value("/".join(each.isoformat() for each in span), "timespan", ["start before end"])
    return Query(
        definitions=metrics,
        start=start,
        end=span[1],
        step=step,
        interval=interval.upper(),
        aggregations=_parse_aggregations(parameters.get("aggregation", "")),
        filter=wanted,
        split=split,
        top=_parse_top(parameters.get("top")) if wanted.clauses else None,
        order=_parse_order(parameters.get("orderby", "")),
        metadata_only=parameters.get("resulttype", "data").lower() == "metadata",
    )


def _split_names(parameters: Mapping[str, str]) -> list[str]:
    """Return the metric names; a comma inside a name is written `%2`."""
    text = parameters.get("metricnames", "")
    names = [name.strip().replace("%2", ",") for name in text.split(",") if name.strip()]
    if not names:
        raise missing_parameter("metricnames")
    if len(names) > MOST_METRICS:
        raise too_many_metrics(len(names), MOST_METRICS)
    return names


def _split_by(definition: Definition, wanted: Filter, parameters: Mapping[str, str]) -> list[str]:
    """Return the filter's dimensions that become part of a series' name, spelt as defined."""
    spellings = {name.lower(): name for name in definition.dimensions}
    unknown = [name for name in wanted.clauses if name.lower() not in spellings]
    if unknown and parameters.get("validatedimensions", "true").lower() != "false":
        raise unknown_dimensions(definition.name, wanted.clauses, definition.dimensions)
    rolled_up = {name.strip().lower() for name in parameters.get("rollupby", "").split(",")}
    chosen = (name.lower() for name in wanted.clauses)
    return [spellings[name] for name in chosen if name in spellings and name not in rolled_up]


def _parse_grain(text: str) -> timedelta:
    if text.upper() not in GRAINS:
        raise bad_interval(text, (_write_span(grain) for grain in GRAINS))
    return _parse_duration(text, "interval")


def _write_span(grain: str) -> str:
    """Return a grain as Azure's messages write it: `00:05:00`, `1.00:00:00`."""
    duration = _parse_duration(grain, "interval")
    return f"{duration.days}.00:00:00" if duration.days else f"{duration!s:0>8}"


def _parse_duration(text: str, name: str) -> timedelta:
    match = _DURATION.fullmatch(text.upper())
    if match is None or not any(match.groups()):
        raise bad_value(text, name, ["a duration in ISO 8601"])
    days, hours, minutes, seconds = (float(each or 0) for each in match.groups())
    try:
        duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        duration = timedelta.max
    if duration > _LONGEST:
        raise bad_value(text, name, [f"at most {_LONGEST.days} days"])
    return duration


def _align(start: datetime, step: timedelta | None) -> datetime:
    """Return the begin of the grain that a time is in."""
    grain = step or timedelta(minutes=1)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (start - midnight) // grain * grain


def _parse_aggregations(text: str) -> list[Aggregation]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name.lower() not in _AGGREGATIONS]
    if unknown:
        raise bad_value(unknown[0], "aggregation", Aggregation)
    return [_AGGREGATIONS[name.lower()] for name in names]


def _parse_top(text: str | None) -> int:
    if text is None:
        return DEFAULT_TOP
    if not text.isdecimal() or not 0 < int(text) < 1 << 31:
        raise bad_value(text, "top", ["1 to 2147483647"])
    return int(text)


def _parse_order(text: str) -> tuple[Aggregation, bool] | None:
    if not text:
        return None
    name, _, direction = text.strip().lower().partition(" ")
    if name not in _ORDERS or direction.strip() not in {"", "asc", "desc"}:
        raise bad_value(text, "orderby", ["sum asc"])
    return _ORDERS[name], direction.strip() == "desc"
