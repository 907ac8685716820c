"""Dead letters in their data stream, read with a scroll: a search whose pages belong to one moment.

Source of the protocol: Elasticsearch reference, "Scroll search results".
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import msgspec

from collector.inputs.replay.letters import Letter, NoDeadLetterError, Selection, read_letter
from collector.output.elasticsearch.client import BulkClient, NotElasticsearchError, UnreachableError

_PAGE: Final = 50
"""Letters at once: each may hold a megabyte."""
_KEPT_FOR: Final = "10m"
"""Between two pages; what is under way has to make room first."""
_BUCKETS: Final = 1000


class SearchError(Exception):
    """The dead letters cannot be read; the message says why."""


class _Hit(msgspec.Struct):
    id: str = msgspec.field(name="_id")
    source: msgspec.Raw = msgspec.field(name="_source")


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Page(msgspec.Struct):
    hits: _Hits
    scroll_id: str = msgspec.field(name="_scroll_id")


class LetterSearch:
    """Reads one data stream of dead letters."""

    def __init__(self, client: BulkClient, stream: str, selection: Selection) -> None:
        """Read with this client what the selection wants."""
        self.stream = stream
        self._client = client
        self._selection = selection

    async def count(self) -> Counter[tuple[str, str]]:
        """Return how many letters there are, by reason and by the data stream that they were meant for.

        Raises:
            SearchError: the server does not answer, or refuses.
        """
        targets = {"terms": {"field": "aoai.dead_letter.target", "size": _BUCKETS}}
        reasons = {"terms": {"field": "event.reason", "size": _BUCKETS}, "aggs": {"targets": targets}}
        body = {"size": 0, "query": self._selection.as_query(), "aggs": {"reasons": reasons}}
        answer = await self._ask("POST", f"/{quote(self.stream, safe='')}/_search", body)
        found: Counter[tuple[str, str]] = Counter()
        if answer is None:
            return found
        for reason in msgspec.json.decode(answer)["aggregations"]["reasons"]["buckets"]:
            for target in reason["targets"]["buckets"]:
                if self._wants_target(target["key"]):
                    found[reason["key"], target["key"]] += target["doc_count"]
        return found

    async def letters(self) -> AsyncIterator[Letter | NoDeadLetterError]:
        """Yield the letters; in place of a document that is none, an error that names it.

        Raises:
            SearchError: the server does not answer, or refuses.
        """
        body = {"size": _PAGE, "sort": ["_doc"], "query": self._selection.as_query()}
        path = f"/{quote(self.stream, safe='')}/_search"
        answer = await self._ask("POST", path, body, scroll=_KEPT_FOR)
        while answer is not None:
            page = _read_page(answer)
            if not page.hits.hits:
                await self._forget(page.scroll_id)
                return
            for hit in page.hits.hits:
                letter = _read_hit(hit)
                if not isinstance(letter, Letter) or self._selection.wants(letter):
                    yield letter
            answer = await self._ask("POST", "/_search/scroll", {"scroll": _KEPT_FOR, "scroll_id": page.scroll_id})

    def _wants_target(self, target: str) -> bool:
        datasets = self._selection.datasets
        return not datasets or any(target.split("-")[1:2] == [dataset] for dataset in datasets)

    async def _forget(self, scroll_id: str) -> None:
        with suppress(SearchError):  # it would be forgotten in some minutes anyway
            await self._ask("DELETE", "/_search/scroll", {"scroll_id": scroll_id})

    async def _ask(self, method: str, path: str, body: dict[str, Any], **params: str) -> bytes | None:
        """Return the answer, or None when there is no such data stream."""
        try:
            answer = await self._client.ask(method, path, params, msgspec.json.encode(body))
        except UnreachableError as error:
            raise SearchError(f"Elasticsearch cannot be reached: {error}") from error
        except NotElasticsearchError as error:
            raise SearchError(str(error)) from error
        if answer.status == HTTPStatus.OK:
            return answer.body
        if answer.status == HTTPStatus.NOT_FOUND and path != "/_search/scroll":
            return None
        hint = "; reading dead letters needs the right `read`" if answer.status == HTTPStatus.FORBIDDEN else ""
        raise SearchError(f"{self.stream} cannot be read: {answer.status} {answer.reason}{hint}")


def _read_page(answer: bytes) -> _Page:
    try:
        return msgspec.json.decode(answer, type=_Page)
    except (ValueError, RecursionError) as error:
        raise SearchError("the answer of the server cannot be read") from error


def _read_hit(hit: _Hit) -> Letter | NoDeadLetterError:
    try:
        return read_letter(hit.id, bytes(hit.source))
    except NoDeadLetterError as error:
        return NoDeadLetterError(f"document {hit.id}: {error}")
