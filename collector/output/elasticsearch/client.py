"""The client for ``_bulk``: the official one, kept from touching the bodies.

``elasticsearch`` brings node selection, TLS and authentication. Bodies go through it as they are, because they are
compressed once by ``isal`` (six times as fast as the client's own gzip), and replies come back as bytes, because only
a few fields of them are read.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Final

import msgspec
from elastic_transport import HttpHeaders, Serializer, TransportError
from elasticsearch import ApiError, AsyncElasticsearch, UnsupportedProductError
from isal import igzip

from collector.output.elasticsearch.connection import find_risks
from collector.output.elasticsearch.node import OutputNode
from collector.output.elasticsearch.outcomes import FILTER_PATH

logger = logging.getLogger(__name__)

_JSON: Final = "application/vnd.elasticsearch+json"
_NDJSON: Final = "application/vnd.elasticsearch+x-ndjson"
_HEADERS: Final = {"accept": f"{_JSON}; compatible-with=8", "content-type": f"{_NDJSON}; compatible-with=8"}
_JSON_HEADERS: Final[Mapping[str, str]] = dict.fromkeys(("accept", "content-type"), f"{_JSON}; compatible-with=8")
_PARAMS: Final = {"filter_path": FILTER_PATH}
_HIGHEST_ISAL_LEVEL: Final = 3
_MAX_REASON: Final = 300
_LONGEST_RETRY_AFTER: Final = 300.0
"""Seconds; a server that asks for more is asked again nevertheless."""


class _Verbatim(Serializer):
    """Leaves bodies alone."""

    def loads(self, data: bytes) -> bytes:
        return data

    def dumps(self, data: bytes) -> bytes:
        return data


class _VerbatimJson(_Verbatim):
    mimetype: ClassVar[str] = _JSON


class _VerbatimNdjson(_Verbatim):
    mimetype: ClassVar[str] = _NDJSON


class _VerbatimPlainJson(_Verbatim):
    """What proxies, and servers that know no vendor types, answer."""

    mimetype: ClassVar[str] = "application/json"


class _VerbatimText(_Verbatim):
    mimetype: ClassVar[str] = "text/*"


class Answer(msgspec.Struct, frozen=True):
    """What the server said: status, body, and the seconds after which it wants to be asked again."""

    status: int
    body: bytes
    retry_after: float | None = None

    @property
    def reason(self) -> str:
        """The server's own words, short enough for a log line."""
        try:
            error: Any = msgspec.json.decode(self.body)["error"]
            text = f"{error['type']}: {error['reason']}" if isinstance(error, dict) else str(error)
        except (ValueError, RecursionError, KeyError, TypeError):  # no JSON, not UTF-8, too deep, or another shape
            text = "the answer explains nothing"
        return text[:_MAX_REASON]


class UnreachableError(Exception):
    """No answer: nobody knows whether the request was carried out."""


class NotElasticsearchError(Exception):
    """Something answered, and it is not Elasticsearch."""


class BulkClient:
    """Sends bulk bodies and returns the answer whatever it says."""

    def __init__(self, client_settings: dict[str, Any], *, compression_level: int) -> None:
        """Connect lazily to what ``client_settings`` (keyword arguments of ``AsyncElasticsearch``) describe."""
        verbatim = (_VerbatimJson(), _VerbatimNdjson(), _VerbatimPlainJson(), _VerbatimText())
        serializers = {serializer.mimetype: serializer for serializer in verbatim}
        settings: dict[str, Any] = {"node_class": OutputNode, **client_settings}
        self._client = AsyncElasticsearch(**settings, serializers=serializers, max_retries=0, retry_on_timeout=False)
        for risk in find_risks(client_settings):
            logger.warning(risk)
        self._level = min(compression_level, _HIGHEST_ISAL_LEVEL)
        self._headers = _HEADERS | ({"content-encoding": "gzip"} if self._level else {})

    def compress(self, body: bytes) -> bytes:
        """Return the body as it goes over the wire; do it once and keep it for another try."""
        return igzip.compress(body, self._level) if self._level else body  # pyright: ignore[reportUnknownMemberType]

    async def send(self, body: bytes) -> Answer:
        """Send a body that ``compress`` returned.

        Raises:
            UnreachableError: connection refused or broken, TLS failure, time-out.
            NotElasticsearchError: the server is something else.
        """
        return await self._perform("POST", "/_bulk", _PARAMS, self._headers, body)

    async def ask(self, method: str, path: str, params: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send any other request, with a body of JSON if it has one.

        Raises:
            UnreachableError: as above.
            NotElasticsearchError: as above.
        """
        return await self._perform(method, path, params, _JSON_HEADERS, body)

    async def _perform(
        self, method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        try:
            reply = await self._client.perform_request(method, path, params=params, headers=headers, body=body)
        except UnsupportedProductError as error:
            raise NotElasticsearchError("the server does not say that it is Elasticsearch") from error
        except ApiError as error:
            return Answer(error.status_code, _as_bytes(error.body), _read_retry_after(error.meta.headers))
        except TransportError as error:
            raise UnreachableError(f"{type(error).__name__}: {error.message}"[:_MAX_REASON]) from error
        except Exception as error:  # the transport lets a few of Python's own through, and none may end a worker
            raise UnreachableError(f"{type(error).__name__}: {error}"[:_MAX_REASON]) from error
        return Answer(reply.meta.status, _as_bytes(reply.body))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _as_bytes(body: Any) -> bytes:
    """Error pages of proxies are not JSON and come back as text."""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else msgspec.json.encode(body)


def _read_retry_after(headers: HttpHeaders) -> float | None:
    """Return the seconds that the server asks for, up to a bound, or None when it asks for none that can be read.

    Both forms of RFC 9110, section 10.2.3. A date is held against the ``Date`` of the same answer, so that this
    machine's clock may be wrong.
    """
    asked = headers.get("retry-after") or ""
    if asked.isascii() and asked.isdecimal():
        return min(float(asked), _LONGEST_RETRY_AFTER)
    try:
        seconds = (_read_date(asked) - _read_date(headers.get("date") or "")).total_seconds()
    except ValueError:
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _read_date(text: str) -> datetime:
    """Read any of the three forms of a date in HTTP, which all mean UTC; raise ValueError for anything else."""
    return parsedate_to_datetime(text).replace(tzinfo=UTC)
