"""The backing indices of a data stream, and which of them can hold a record that was enqueued at some time."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

CLOCK_MARGIN: Final = timedelta(hours=1)
"""Event Hubs tells when a record was enqueued and the cluster when an index was made: their clocks may differ."""


class BackingIndices:
    """The backing indices of one data stream, oldest first, each with the moment at which it was made, if known."""

    def __init__(self, indices: list[tuple[str, datetime | None]]) -> None:
        """Take them in the order of their generations."""
        self._indices = indices

    def candidates(self, enqueued: datetime) -> list[str]:
        """Return those that can hold a record enqueued at that moment or later, the write index first.

        An index takes new documents until the next one is made, and no record is written before it is enqueued. An
        index that was shrunk looks younger than it is, which only makes more of them candidates.
        """
        ended = enqueued - CLOCK_MARGIN
        first = 0
        for number, (_, made) in enumerate(self._indices):
            if made is not None and made <= ended:
                first = number
        return [name for name, _ in reversed(self._indices[first:])]


class _Index(msgspec.Struct):
    index_name: str


class _DataStream(msgspec.Struct):
    indices: list[_Index]


class _DataStreams(msgspec.Struct):
    data_streams: list[_DataStream]


class _IndexSettings(msgspec.Struct):
    settings: dict[str, str]


_STREAMS: Final = msgspec.json.Decoder(_DataStreams)
_SETTINGS: Final = msgspec.json.Decoder(dict[str, _IndexSettings])
CREATION_DATE: Final = "index.creation_date"


def read_backing_indices(data_stream: bytes, settings: bytes) -> BackingIndices:
    """Read the answers of ``GET _data_stream/NAME`` and ``GET NAME/_settings/index.creation_date?flat_settings``.

    Raises:
        ValueError: an answer is something else.
    """
    made = {name: _moment(index.settings) for name, index in _SETTINGS.decode(settings).items()}
    streams = _STREAMS.decode(data_stream).data_streams
    names = [index.index_name for stream in streams for index in stream.indices]
    return BackingIndices([(name, made.get(name)) for name in names])


def _moment(settings: dict[str, str]) -> datetime | None:
    text = settings.get(CREATION_DATE)
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC) if text is not None else None
    except (OverflowError, OSError) as error:
        raise ValueError("an index was made at a time that is none") from error
