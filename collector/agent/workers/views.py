"""What the supervisor tells of all workers: it asks each at its own socket, and says of everything whose it is.

Nothing is added up: a worker's counters begin at 0 when it is begun anew, which Prometheus knows how to read of one
series and not of a sum. Who does not answer within 2 s is left out, and that is said.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from collector import __version__
from collector.agent.control_client import NoCollectorError, read
from collector.agent.control_socket import Answer, worker_socket
from collector.agent.diagnostics import gather_diagnostics
from collector.agent.own_process import describe_process
from collector.agent.policy_changes import PolicyInForce
from collector.agent.status_report import LISTS, begin_report
from collector.agent.workers.process import WorkerProcess
from collector.agent.workers.taps import answer_tap
from collector.telemetry.endpoint import describe, show_alive, show_metrics, show_readiness
from collector.telemetry.exposition import render_workers
from collector.telemetry.health import State
from collector.telemetry.logs import RecentLines
from collector.telemetry.status import ProcessStatus, WorkerStatus

_PATIENCE_SECONDS: Final = 2.0
_OF_PROCESS: Final = ("started_at", "cpu_seconds", "resident_bytes")
_SILENT: Final = {"what": "the worker does not answer", "reason": f"within {_PATIENCE_SECONDS:g} s"}


class WorkerViews:
    """Views of workers."""

    def __init__(self, workers: Sequence[WorkerProcess], force: PolicyInForce, recent: RecentLines, data: Path) -> None:
        """Look at the workers, at the policy in force, at what the supervisor logged, and at the data folder."""
        self._workers = workers
        self._force = force
        self._recent = recent
        self._data = data
        self._started_at = time.time()

    @property
    def answers(self) -> Mapping[str, Answer]:
        """What answers on the control socket, by path."""
        return {"/status": self._answer_status, "/diagnostics": self._answer_diagnostics, "/tap": self._answer_tap}

    @property
    def pages(self) -> Mapping[str, Handler]:
        """What answers over the network, by path."""
        return {"/metrics": self._answer_metrics, "/healthz": self._answer_healthz, "/readyz": self._answer_readyz}

    async def _answer_status(self, _: web.Request) -> web.Response:
        return web.json_response(await self._report())

    async def _answer_diagnostics(self, _: web.Request) -> web.Response:
        told = await self._ask("/diagnostics")
        page, _type = await self._render_metrics("")
        policy, lines = self._force.policy, self._recent.lines
        texts = gather_diagnostics(policy, await self._report(), page.decode(), lines, self._data)
        for worker, answer in told.items():
            texts |= {f"worker-{worker}/{name}": text for name, text in json.loads(answer).items()}
        return web.json_response(texts)

    async def _answer_tap(self, request: web.Request) -> web.StreamResponse:
        return await answer_tap(request, self._data, [worker.number for worker in self._workers])

    async def _answer_metrics(self, request: web.Request) -> web.Response:
        return show_metrics(*await self._render_metrics(request.headers.get(hdrs.ACCEPT, "")))

    async def _answer_healthz(self, _: web.Request) -> web.Response:
        return show_alive(__version__)

    async def _answer_readyz(self, _: web.Request) -> web.Response:
        components: list[dict[str, Any]] = (await self._report())["components"]
        for component in components:
            del component["last_error"]  # it may have passed
        return show_readiness(components)

    async def _render_metrics(self, accept: str) -> tuple[bytes, str]:
        return render_workers(self._statuses(), await self._ask("/metrics"), accept)

    async def _report(self) -> dict[str, Any]:
        """Return what `status` tells: the supervisor, its workers, and what each of these reports."""
        reports = {worker: json.loads(answer) for worker, answer in (await self._ask("/status")).items()}
        whole = begin_report(self._force, self._describe_process())
        for worker in self._workers:
            report: dict[str, Any] | None = reports.get(worker.number)
            whole["workers"].append(
                {"worker": worker.number, "pid": worker.pid, "restarts": worker.status.restarts}
                | {key: None if report is None else report["process"][key] for key in _OF_PROCESS}
            )
            whole["components"].append(_judge(worker, answers=report is not None))
            if report is not None:
                for name in LISTS:
                    whole[name] += [{"worker": worker.number, **each} for each in report[name]]
        return whole

    def _describe_process(self) -> ProcessStatus:
        return describe_process(self._started_at)

    def _statuses(self) -> Iterator[ProcessStatus | WorkerStatus]:
        yield self._describe_process()
        for worker in self._workers:
            yield worker.status

    async def _ask(self, path: str) -> dict[int, str]:
        """Return the answers of those workers that give one."""
        numbers = [worker.number for worker in self._workers]
        answers = await asyncio.gather(*(self._ask_one(number, path) for number in numbers))
        return {number: answer for number, answer in zip(numbers, answers, strict=True) if answer is not None}

    async def _ask_one(self, worker: int, path: str) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await read(self._data, path, worker_socket(worker))
        except (NoCollectorError, TimeoutError):
            return None


def _judge(worker: WorkerProcess, *, answers: bool) -> dict[str, Any]:
    """Return the worker as a component; one that is healthy and does not answer is not."""
    said: dict[str, Any] = {"troubles": [], "last_error": None, **describe(worker.component)}
    if said["state"] == State.HEALTHY and not answers:
        return {**said, "state": State.DEGRADED.value, "troubles": [_SILENT]}
    return said
