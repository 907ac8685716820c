"""Reads Azure Monitor's answers into series, exactly: each value is the number that stands in the JSON.

Both APIs describe a metric alike; only the batch API says of which resource. Source of the form: learn.microsoft.com,
"Metrics - List" and "Metrics - Batch", api-version 2024-02-01.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from collector.inputs.azure_metrics.ports import MINUTE, MetricSeries, Number, Point, Series
from collector.inputs.azure_metrics.refusals import Cause, refuse

_SUCCESS: Final = "Success"


class _Name(msgspec.Struct, gc=False):
    value: str


class _Dimension(msgspec.Struct, gc=False):
    name: _Name
    value: str = ""


class _Value(msgspec.Struct, gc=False):
    time: str = msgspec.field(name="timeStamp")
    total: Number | None = None
    average: Number | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    count: Number | None = None


class _Series(msgspec.Struct):
    dimensions: Sequence[_Dimension] = msgspec.field(name="metadatavalues", default=())
    data: Sequence[_Value] = ()


class _Metric(msgspec.Struct):
    name: _Name
    id: str = ""
    timeseries: Sequence[_Series] = ()
    error: str | None = msgspec.field(name="errorCode", default=None)


class Answer(msgspec.Struct):
    """What Azure answers for one resource."""

    value: Sequence[_Metric]
    resource_id: str = msgspec.field(name="resourceid", default="")

    @property
    def resource_key(self) -> str:
        """The id of the resource in lower case: that of the answer, or that which the ids of its metrics begin with."""
        named = self.resource_id or next((metric.id for metric in self.value if metric.id), "")
        return named.lower().partition("/providers/microsoft.insights/")[0].rstrip("/")

    def metrics(self) -> list[MetricSeries]:
        """Return its metrics as the engine takes them."""
        return [
            MetricSeries(
                metric.name.value,
                [_read_series(each) for each in metric.timeseries],
                None if metric.error in {None, _SUCCESS} else metric.error,
            )
            for metric in self.value
        ]


class _Batch(msgspec.Struct):
    values: Sequence[Answer]


_ONE: Final = msgspec.json.Decoder(Answer)
_BATCH: Final = msgspec.json.Decoder(_Batch)


def read_answer(body: bytes) -> Answer:
    """Return the answer of the API of a single resource.

    Raises:
        RefusedByAzureError: it has another form.
    """
    return _decode(_ONE, body)


def read_batch(body: bytes) -> Sequence[Answer]:
    """Return the answers of the batch API; they come in any order.

    Raises:
        RefusedByAzureError: they have another form.
    """
    if body.lstrip()[:1] == b'"':  # the service is known to encode an answer twice, rarely
        body = _decode(msgspec.json.Decoder(str), body).encode()
    return _decode(_BATCH, body).values


def _decode[T](decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise refuse(Cause.UNAVAILABLE, f"an answer has another form: {error}") from error


def _read_series(series: _Series) -> Series:
    dimensions = {each.name.value.lower(): each.value for each in series.dimensions}
    return Series(
        dimensions,
        [
            Point(_read_minute(each.time), each.total, each.average, each.minimum, each.maximum, each.count)
            for each in series.data
        ],
    )


@lru_cache(maxsize=4096)
def _read_minute(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp()) // MINUTE
    except ValueError as error:
        raise refuse(Cause.UNAVAILABLE, "an answer holds a time that is none") from error
