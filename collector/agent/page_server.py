"""Serves pages on the address that ``agent.monitoring.http`` of the policy names.

Promise: an address that cannot be had is said once, and the collector goes on without the pages.
"""

import logging
from collections.abc import Mapping

from aiohttp.typedefs import Handler

from collector.policy import Monitoring, MonitoringHttp
from collector.telemetry.endpoint import Endpoint, is_loopback

logger = logging.getLogger(__name__)


class PageServer:
    """The pages, from `start` to `close`."""

    def __init__(self, answers: Mapping[str, Handler]) -> None:
        """Serve what answers these paths."""
        self._endpoint = Endpoint(answers)

    async def start(self, settings: Monitoring) -> None:
        """Begin to answer, unless the policy says no."""
        if settings.enabled and settings.http.enabled:
            await self._listen(settings.http)

    async def change(self, before: Monitoring, now: Monitoring) -> None:
        """Do what other settings ask for; with the same ones the pages are served on."""
        if (before.enabled, before.http) != (now.enabled, now.http):
            await self._endpoint.close()
            await self.start(now)

    async def close(self) -> None:
        """Stop answering."""
        await self._endpoint.close()

    async def _listen(self, http: MonitoringHttp) -> None:
        try:
            url = await self._endpoint.listen(http.host, http.port)
        except OSError as error:
            logger.error(  # noqa: TRY400 - the sentence says it all; a traceback would hide it
                "monitoring cannot listen: /metrics, /healthz and /readyz are not served",
                extra={
                    "error.message": error.strerror or str(error),
                    "address": f"{http.host}:{http.port}",
                    "hint": "write a free port, or 0 for any, as agent.monitoring.http.port of the policy",
                },
            )
            return
        logger.info("monitoring listens", extra={"url.full": url})
        if not is_loopback(http.host):
            logger.warning("monitoring can be read by everyone who reaches its address", extra={"url.full": url})
