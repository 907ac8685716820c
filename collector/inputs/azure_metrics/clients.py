"""The HTTP clients of one stream of metrics: Azure Resource Manager, and the batch API of each region.

Promises: one login for both; what Azure refuses comes as `RefusedByAzureError`; nothing is tried again here, since only
the planner knows what else waits. A clock that differs from Azure's by minutes is noticed. Answers are decoded without
losing a digit of a whole number.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

import msgspec
from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import policies
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.monitor.querymetrics.aio import MetricsClient

from collector import __version__
from collector.inputs.azure.credentials import build_credential
from collector.inputs.azure.transport import http_options
from collector.inputs.azure_metrics.refusals import Cause, explain_answer, explain_failure, refuse
from collector.policy import AzureMetricsStream
from collector.policy.azure_endpoints import REGION

type Json = Mapping[str, Any]
type _Client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse] | MetricsClient

USER_AGENT: Final = f"aoai-collector/{__version__}"
_ONCE: Final[dict[str, Any]] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 60}
"""The SDK would wait and ask again by itself, out of anyone's sight."""
_MOST_SKEW_SECONDS: Final = 300.0
"""Entra ID and Azure allow five minutes."""
_MOST_PAGES: Final = 1000


class MonitorClients:
    """The open clients of one stream."""

    def __init__(self, stream: AzureMetricsStream, *, clock: Callable[[], float] = time.time) -> None:
        """Make the clients; nothing is sent yet.

        Raises:
            OSError: an authority's certificate cannot be read.
        """
        self._stream = stream
        self._clock = clock
        self.credential = build_credential(stream)
        self._manager = _open_manager(stream, self.credential)
        self._regions: dict[str, MetricsClient] = {}
        self.calls = 0
        """Requests that were sent, answered or not."""
        self.skew_seconds = 0.0
        """How far this machine's clock is ahead of Azure's, by the last answer."""

    async def read(self, path: str, query: Mapping[str, str]) -> bytes:
        """Ask Resource Manager and return the body of its answer; `path` begins with a slash.

        Raises:
            RefusedByAzureError: it gives no answer, or a refusal.
        """
        return await self._send(self._manager, HttpRequest("GET", self._address(path), params=dict(query)))

    async def get(self, path: str, query: Mapping[str, str]) -> Json:
        """Ask Resource Manager for one thing.

        Raises:
            RefusedByAzureError: it gives no answer, or a refusal.
        """
        return _decode(await self.read(path, query))

    async def list(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Json]:
        """Yield the entries of a list at Resource Manager, page after page.

        Raises:
            RefusedByAzureError: it gives no answer, or a refusal, or sends us on to another host.
        """
        page = await self.get(path, query)
        for _ in range(_MOST_PAGES):
            for entry in cast("Sequence[Json]", page.get("value") or ()):
                yield entry
            following = str(page.get("nextLink") or "")
            if not following:
                return
            self._check_host(following)
            page = _decode(await self._send(self._manager, HttpRequest("GET", following)))
        raise refuse(Cause.UNAVAILABLE, f"a list has more than {_MOST_PAGES} pages")

    async def post_batch(self, region: str, path: str, query: Mapping[str, str], body: Json) -> bytes:
        """Ask the batch API of a region and return the body of its answer.

        The SDK's own method leaves out which result is of which resource, so its client sends our request.

        Raises:
            RefusedByAzureError: it gives no answer, or a refusal.
        """
        client = self._regions.get(region) or self._regions.setdefault(region, self._open_region(region))
        return await self._send(client, HttpRequest("POST", path, params=dict(query), json=body), batch=True)

    async def close(self) -> None:
        """Close every connection."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.credential.close)
            stack.push_async_callback(self._manager.close)
            for client in self._regions.values():
                stack.push_async_callback(client.close)

    def _open_region(self, region: str) -> MetricsClient:
        return MetricsClient(
            self._stream.metrics_endpoint.replace(REGION, region),
            self.credential,
            audience=self._stream.metrics_audience,
            user_agent=USER_AGENT,
            **http_options(self._stream),
        )

    def _check_host(self, url: str) -> None:
        """Let nobody send our token elsewhere."""
        wanted, got = urlsplit(self._stream.resource_manager_endpoint), urlsplit(url)
        if (got.scheme, got.netloc.lower()) != (wanted.scheme, wanted.netloc.lower()):
            raise refuse(Cause.UNAVAILABLE, "a list goes on at another host")

    async def _send(self, client: _Client, request: HttpRequest, *, batch: bool = False) -> bytes:
        self.calls += 1
        try:
            answer = await client.send_request(request, **_ONCE)
        except AzureError as error:
            raise explain_failure(error) from error
        self._compare_clocks(answer)
        if answer.status_code != HTTPStatus.OK:
            raise self._explain(answer, batch=batch)
        return answer.content

    def _address(self, path: str) -> str:
        return self._stream.resource_manager_endpoint + quote(path, safe="/()")

    def _explain(self, answer: AsyncHttpResponse, *, batch: bool) -> Exception:
        if answer.status_code == HTTPStatus.UNAUTHORIZED and abs(self.skew_seconds) > _MOST_SKEW_SECONDS:
            return refuse(Cause.CLOCK_SKEW, f"it is {self.skew_seconds:+.0f} s off Azure's")
        return explain_answer(answer, batch=batch)

    def _compare_clocks(self, answer: AsyncHttpResponse) -> None:
        with suppress(ValueError):  # no date, or one that a proxy has made up
            self.skew_seconds = self._clock() - parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()


def _decode(body: bytes) -> Json:
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise refuse(Cause.UNAVAILABLE, "an answer is not JSON") from error
    if not isinstance(decoded, dict):
        raise refuse(Cause.UNAVAILABLE, "an answer is no JSON object")
    return cast("Json", decoded)


def _open_manager(
    stream: AzureMetricsStream, credential: AsyncTokenCredential
) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
    options = http_options(stream)
    scope = stream.resource_manager_audience.rstrip("/") + "/.default"
    chain: list[Any] = [
        policies.RequestIdPolicy(),
        policies.UserAgentPolicy(USER_AGENT, sdk_moniker=USER_AGENT),
        policies.ProxyPolicy(proxies=options.get("proxies")),
        policies.AsyncRetryPolicy(),
        policies.AsyncBearerTokenCredentialPolicy(credential, scope),
    ]
    return AsyncPipelineClient(stream.resource_manager_endpoint, policies=chain, transport=options["transport"])
