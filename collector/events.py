"""The words that inputs, delivery and outputs share: where an event came from, what it breaks down into.

This module is the floor of the import order; it imports nothing of the project.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

_CATEGORY_KEY: Final = ',"category":"'
"""As Azure writes it: never first. Within a text its quotes would be escaped."""


_ESCAPED: Final = re.compile(r'["\\]')


class RejectReason(StrEnum):
    """Why a piece of an event is no record; the ``event.reason`` of its dead letter."""

    INVALID_JSON = "invalid_json"
    TRUNCATED = "truncated"
    NOT_UTF8 = "not_utf8"
    NOT_AN_OBJECT = "not_an_object"
    RECORDS_NOT_AN_ARRAY = "records_not_an_array"
    DUPLICATE_RECORDS_KEY = "duplicate_records_key"
    NESTED_TOO_DEEPLY = "nested_too_deeply"
    INVALID_GZIP = "invalid_gzip"
    INFLATES_TOO_FAR = "inflates_too_far"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record, as the JSON text that Azure sent."""

    repaired: ClassVar[bool] = False
    text: str


class RepairedRecord(Record, frozen=True, gc=False):
    """A record that was not quite JSON, with the text that it was mended to."""

    repaired: ClassVar[bool] = True


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A piece of an event that holds no record and becomes a dead letter with its original bytes."""

    source: bytes
    reason: RejectReason
    detail: str


Entry = Record | Reject
"""One piece of an event; its index among the pieces is part of a record's id."""


class RecordTexts(list[str]):
    """The texts of records of one event, none repaired: what as many of ``Record`` say, without an object each."""


@dataclass(frozen=True, slots=True)
class Source:
    """What was read: the Event Hubs host (lower-cased), the hub and the consumer group."""

    host: str
    hub: str
    consumer_group: str


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where one event stands in its partition; the offset is opaque and only ever handed back."""

    offset: str
    sequence_number: int
    enqueued_time: datetime
    dated: bool = True
    """Whether the time is the service's own, the same at each reading; otherwise it is that of this reading."""


@dataclass(frozen=True, slots=True)
class DataStream:
    """An Elasticsearch data stream, named ``TYPE-DATASET-NAMESPACE``."""

    type: str
    dataset: str
    namespace: str

    @property
    def name(self) -> str:
        """The name to index into."""
        return f"{self.type}-{self.dataset}-{self.namespace}"


class _Categorised(msgspec.Struct, gc=False):
    category: object = None


_CATEGORISED: Final = msgspec.json.Decoder(_Categorised)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def category_of(text: str) -> str | None:
    """Return the ``category`` of a record, a well-formed JSON object; None when it has none that is a text.

    Only a key of the record itself counts, in whatever case it is written; ``category`` goes before the other cases.
    Azure writes it before anything nested, without blanks: then nothing else is read.
    """
    start = text.find(_CATEGORY_KEY)
    if start > 0 and text.find("{", 1, start) < 0:  # with one brace before it the key belongs to the record
        begin = start + len(_CATEGORY_KEY)
        category = text[begin : text.find('"', begin)]
        if "\\" not in category:
            return category
    return _search_category(text)


def categories_of(texts: Iterable[str]) -> list[str | None]:
    """Return what ``category_of`` says of each text; quicker, since neighbours mostly have the same."""
    categories: list[str | None] = []
    category = mark = None
    for text in texts:
        before, found, _ = text.partition(mark) if mark else ("", "", "")
        # The first such key, with one brace before it: it is the record's own, and says what the neighbour's said.
        if not found or "{" in before[1:] or _CATEGORY_KEY in before:
            category = category_of(text)
            mark = f'{_CATEGORY_KEY}{category}"' if category and not _ESCAPED.search(category) else None
        categories.append(category)
    return categories


def _search_category(text: str) -> str | None:
    try:
        found = _CATEGORISED.decode(text).category
        if found is None and "category" in text.lower():
            raws = (raw for key, raw in _OBJECT.decode(text).items() if key.lower() == "category")
            found = next((msgspec.json.decode(raw) for raw in raws), None)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
