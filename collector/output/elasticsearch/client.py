"""The client for ``_bulk``: the official one, kept from touching the bodies.

``elasticsearch`` brings node selection, TLS and authentication. Bodies go through it as they are, because they are
compressed once by ``isal`` (six times as fast as the client's own gzip), and replies come back as bytes, because only
a few fields of them are read.
"""

import logging
from typing import Any, ClassVar, Final

import msgspec
from elastic_transport import Serializer, TransportError
from elasticsearch import ApiError, AsyncElasticsearch, UnsupportedProductError
from isal import igzip

from collector.output.elasticsearch.connection import find_risks
from collector.output.elasticsearch.node import OutputNode
from collector.output.elasticsearch.outcomes import FILTER_PATH

logger = logging.getLogger(__name__)

_JSON: Final = "application/vnd.elasticsearch+json"
_NDJSON: Final = "application/vnd.elasticsearch+x-ndjson"
_HEADERS: Final = {"accept": f"{_JSON}; compatible-with=8", "content-type": f"{_NDJSON}; compatible-with=8"}
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
        try:
            reply = await self._client.perform_request(
                "POST", "/_bulk", params=_PARAMS, headers=self._headers, body=body
            )
        except UnsupportedProductError as error:
            raise NotElasticsearchError("the server does not say that it is Elasticsearch") from error
        except ApiError as error:
            return Answer(error.status_code, _as_bytes(error.body), _retry_after(error.meta.headers.get("retry-after")))
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


def _retry_after(header: str | None) -> float | None:
    """Read the form in seconds, up to a bound; the form with a date is left to the backoff."""
    return min(float(header), _LONGEST_RETRY_AFTER) if header and header.isdecimal() else None
