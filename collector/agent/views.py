"""What one collecting process answers on its control socket."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from collector.agent.collection import Collection
from collector.agent.control_socket import Answer
from collector.agent.diagnostics import gather_diagnostics
from collector.agent.policy_changes import PolicyInForce
from collector.agent.status_report import report_status
from collector.agent.tap_answer import answer_tap
from collector.telemetry.exposition import render
from collector.telemetry.logs import RecentLines


class CollectionViews:
    """Views of a collection."""

    def __init__(self, collection: Collection, force: PolicyInForce, recent: RecentLines, data: Path) -> None:
        """Look at the collection, at the policy in force, at what was logged, and at the data folder."""
        self._collection = collection
        self._force = force
        self._recent = recent
        self._data = data

    @property
    def answers(self) -> Mapping[str, Answer]:
        """What answers, by path."""
        return {"/status": self._answer_status, "/diagnostics": self._answer_diagnostics, "/tap": self._answer_tap}

    async def _answer_status(self, _: web.Request) -> web.Response:
        return web.json_response(self._report())

    async def _answer_diagnostics(self, _: web.Request) -> web.Response:
        policy, page = self._force.policy, render(self._collection.monitoring.statuses())[0].decode()
        return web.json_response(gather_diagnostics(policy, self._report(), page, self._recent.lines, self._data))

    async def _answer_tap(self, request: web.Request) -> web.StreamResponse:
        return await answer_tap(request, self._collection.taps)

    def _report(self) -> dict[str, Any]:
        return report_status(self._collection.monitoring, self._force, self._recent.lines)
