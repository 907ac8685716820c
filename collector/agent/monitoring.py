"""The collector watches itself: gathers what /metrics, /healthz and /readyz tell, and serves them.

Promise: nothing here holds up delivery or ends it. A port that is taken is said once, and the collector goes on.
"""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from collector import __version__
from collector.agent.pipeline import Pipeline
from collector.policy import Monitoring as MonitoringPolicy
from collector.policy import MonitoringHttp
from collector.telemetry.endpoint import Endpoint, is_loopback
from collector.telemetry.health import Component, State
from collector.telemetry.status import DeadLetterStatus, OutputStatus, ProcessStatus, Status

logger = logging.getLogger(__name__)

_STATM: Final = Path("/proc/self/statm")
_RESIDENT_PAGES: Final = 1


class Monitoring:
    """Everything that ``agent.monitoring`` of the policy asks for."""

    def __init__(self, policy: MonitoringPolicy, pipelines: Sequence[Pipeline]) -> None:
        self._policy = policy
        self._pipelines = pipelines
        self._started_at = time.time()
        self._endpoint = Endpoint(self.statuses, self.components, __version__)

    async def start(self) -> None:
        """Begin to answer; called before anything else runs, so that a slow start can be watched."""
        if self._policy.enabled and self._policy.http.enabled:
            await self._listen(self._policy.http)

    async def close(self) -> None:
        """Stop answering; called when all else has ended."""
        await self._endpoint.close()

    def statuses(self) -> Iterator[Status]:
        """Yield every subject as it is now; nothing else runs in between, so the numbers fit together."""
        yield ProcessStatus(__version__, self._started_at, sum(os.times()[:2]), _resident_bytes())
        healthy = {component.name for component in self._outputs() if component.state is State.HEALTHY}
        for pipeline in self._pipelines:
            yield OutputStatus(
                pipeline.name,
                pipeline.counters,
                in_flight_bytes=pipeline.budget.taken,
                in_flight_limit_bytes=pipeline.budget.limit,
                last_success_at=pipeline.trouble.last_success_at,
                healthy=pipeline.name in healthy,
            )
            for reason, records in pipeline.counters.dead_letter_reasons.items():
                yield DeadLetterStatus(pipeline.name, reason, records)

    def components(self) -> list[Component]:
        """Return outputs and streams with their state now."""
        return [*self._outputs(), *self._streams()]

    def _outputs(self) -> Iterator[Component]:
        for pipeline in self._pipelines:
            yield Component("output", pipeline.name, pipeline.started, (pipeline.readiness, pipeline.trouble))

    def _streams(self) -> Iterator[Component]:
        for pipeline in self._pipelines:
            for stream in pipeline.streams:
                yield Component("stream", stream.policy.id, pipeline.started, (stream.trouble,))

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


def _resident_bytes() -> int | None:
    """Linux tells in pages; elsewhere nothing is known."""
    try:
        pages = _STATM.read_text(encoding="ascii").split()[_RESIDENT_PAGES]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
