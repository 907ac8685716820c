"""Looks up which documents are there already, in every backing index that can hold them.

``create`` sees the write index only (elastic/elasticsearch #44794). Items in doubt, which are those of a replay window
and those whose last request was left without an answer, are therefore asked for by id, with a real-time ``_mget`` for
each backing index, before they are sent. What is found is settled as *already there*. Other items cost nothing here.

Rights: ``view_index_metadata`` for the list of backing indices and ``read`` for ``_mget``, on our own data streams.
Without them that is said, and the items are sent unseen: decision 0007 states what that can cost.

Source of the protocol: Elasticsearch reference, "Multi get", "Get data stream" and "Get index settings".
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import msgspec

from collector.output.elasticsearch.backing_indices import CREATION_DATE, BackingIndices, read_backing_indices
from collector.output.elasticsearch.client import Answer, BulkClient, NotElasticsearchError, UnreachableError
from collector.output.elasticsearch.items import Item
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

_SECONDS_OF_A_VIEW: Final = 1.0
"""An earlier reader wrote before its claim ended, so a list that is younger than that claim has all it wrote to."""
_SECONDS_BEFORE_ASKING_AGAIN: Final = 60.0
"""After a refusal; someone may give the rights meanwhile."""
_CANNOT_HOLD_IT: Final = frozenset({"index_not_found_exception", "index_closed_exception"})
_NO_RIGHT: Final = "security_exception"


class _Error(msgspec.Struct):
    type: str = "unknown"


class _Doc(msgspec.Struct):
    id: str = msgspec.field(name="_id")
    found: bool = False
    error: _Error | None = None


class _Docs(msgspec.Struct):
    docs: list[_Doc]


class _ActionFields(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")


class _Action(msgspec.Struct):
    create: _ActionFields


class _Document(msgspec.Struct):
    timestamp: datetime = msgspec.field(name="@timestamp")


_DOCS: Final = msgspec.json.Decoder(_Docs)
_ACTION: Final = msgspec.json.Decoder(_Action)
_DOCUMENT: Final = msgspec.json.Decoder(_Document)


class LookupFailedError(Exception):
    """No usable answer: ask again."""

    def __init__(
        self, reason: str, *, what: str = "the look-up of what is there fails", retry_after: float | None = None
    ) -> None:
        """Take the reason, what is wrong in a few words, and the seconds that the server wants to be left alone."""
        super().__init__(reason)
        self.what = what
        self.retry_after = retry_after


class LookupRefusedError(Exception):
    """The server will not answer: rights are missing, or something between us does not know the request."""


class Wanted(msgspec.Struct, frozen=True):
    """What to look for: a document's data stream, its id, and when its event was enqueued."""

    stream: str
    id: str
    enqueued: datetime

    @classmethod
    def of(cls, item: Item) -> "Wanted":
        """Read it from the item's lines."""
        action_line, _, document_line = item.lines.partition(b"\n")
        action = _ACTION.decode(action_line).create
        return cls(action.index, action.id, _DOCUMENT.decode(document_line).timestamp)


class Lookup:
    """Looks up the items of one output."""

    def __init__(
        self,
        client: BulkClient,
        counters: Counters,
        trouble: Trouble,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the output's parts; ``trouble`` is of the look-up alone."""
        self._client = client
        self._counters = counters
        self._trouble = trouble
        self._clock = clock
        self._views: dict[str, tuple[float, BackingIndices]] = {}
        self._refused_until = 0.0

    @property
    def refused(self) -> bool:
        """Whether the server would not answer a short time ago, so that nobody is asked now."""
        return self._clock() < self._refused_until

    async def find(self, items: Sequence[Item]) -> list[Item]:
        """Return the items whose documents exist; the rest exists nowhere, or nobody may say so.

        Raises:
            LookupFailedError: there was no usable answer.
        """
        if self.refused:
            return []
        wanted = [(Wanted.of(item), item) for item in items]
        anew = any(item.unsure for item in items)
        found: list[Item] = []
        try:
            for stream in sorted({each.stream for each, _ in wanted}):
                there = await self.find_ids([each for each, _ in wanted if each.stream == stream], anew=anew)
                found += [item for each, item in wanted if each.stream == stream and each.id in there]
        except LookupRefusedError as error:
            self._give_up_for_a_while(str(error))
            return found
        self._trouble.over()
        for item in items:
            item.looked_up, item.unsure = True, False
        self._counters.found_by_lookup += len(found)
        return found

    def _give_up_for_a_while(self, reason: str) -> None:
        self._refused_until = self._clock() + _SECONDS_BEFORE_ASKING_AGAIN
        self._trouble.report(
            "what is there already cannot be looked up: records written before a rollover may be doubled",
            f"{reason}; the output needs read and view_index_metadata on its data streams",
            grave=True,
        )

    async def find_ids(self, wanted: Sequence[Wanted], *, anew: bool = False) -> set[str]:
        """Return the ids of those that exist, all of one data stream; ``anew`` asks for its backing indices first.

        Raises:
            LookupFailedError: there was no usable answer.
            LookupRefusedError: the server will not answer.
        """
        indices = await self._view(wanted[0].stream, anew=anew)
        remaining = {each.id for each in wanted}
        there: set[str] = set()
        for index in indices.candidates(min(each.enqueued for each in wanted)):
            there |= await self._multi_get(index, sorted(remaining - there))
            if there == remaining:
                break
        return there

    async def _view(self, stream: str, *, anew: bool) -> BackingIndices:
        fetched, view = self._views.get(stream, (0.0, None))
        if view is not None and not anew and self._clock() - fetched < _SECONDS_OF_A_VIEW:
            return view
        fetched = self._clock()
        name = quote(stream, safe="")
        listed = await self._request("GET", f"/_data_stream/{name}", filter_path="data_streams.indices.index_name")
        if listed is None:
            return BackingIndices([])
        settings = await self._request("GET", f"/{name}/_settings/{CREATION_DATE}", flat_settings="true")
        try:
            view = read_backing_indices(listed, settings or b"{}")
        except (ValueError, RecursionError) as error:
            raise LookupFailedError(f"the list of backing indices cannot be read: {error}") from error
        self._views[stream] = (fetched, view)
        return view

    async def _multi_get(self, index: str, ids: Sequence[str]) -> set[str]:
        self._counters.lookup_requests += 1
        body = await self._request(
            "POST",
            f"/{quote(index, safe='')}/_mget",
            body=msgspec.json.encode({"ids": ids}),
            _source="false",
            filter_path="docs._id,docs.found,docs.error.type",
        )
        if body is None:
            return set()
        try:
            docs = _DOCS.decode(body).docs
        except (ValueError, RecursionError) as error:
            raise LookupFailedError(f"the answer cannot be read: {error}") from error
        if len(docs) != len(ids):
            raise LookupFailedError(f"{len(docs)} answers for {len(ids)} ids")
        return set(_found(docs))

    async def _request(self, method: str, path: str, body: bytes | None = None, **params: str) -> bytes | None:
        """Return the answer's body, or None when there is no such data stream or index."""
        try:
            answer = await self._client.ask(method, path, params, body)
        except (UnreachableError, NotElasticsearchError) as error:
            raise LookupFailedError(str(error), what="Elasticsearch cannot be reached") from error
        if answer.status == HTTPStatus.OK:
            return answer.body
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        raise _as_failure(answer)


def _as_failure(answer: Answer) -> LookupFailedError | LookupRefusedError:
    said = f"{answer.status} {answer.reason}"
    passing = answer.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    if passing or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LookupFailedError(said, what="Elasticsearch asks to wait", retry_after=answer.retry_after)
    return LookupRefusedError(said)


def _found(docs: Sequence[_Doc]) -> Iterator[str]:
    for doc in docs:
        if doc.error is None:
            if doc.found:
                yield doc.id
        elif doc.error.type == _NO_RIGHT:
            raise LookupRefusedError(doc.error.type)
        elif doc.error.type not in _CANNOT_HOLD_IT:
            raise LookupFailedError(doc.error.type)
