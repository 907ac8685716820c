"""Answers what the agent asks of the component: diagnostics. There is no other action.

Promises: every request is answered, also one that is not known. Diagnostics hold no secret and nothing of a record: the
policy is masked, health is in words and numbers.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol

from collector.agent.component.units import Units
from collector.agent.component.workload import Workload
from collector.policy import render_effective
from collector.telemetry.exposition import render

logger = logging.getLogger(__name__)


class Actions:
    """Answers requests about the units and the work."""

    def __init__(self, units: Units, workload: Workload, token: str) -> None:
        self._units = units
        self._workload = workload
        self._token = token

    def greet(self) -> protocol.ActionResponse:
        """Return the message that the agent wants first."""
        return self._respond("init")

    def answer(self, request: protocol.ActionRequest) -> protocol.ActionResponse:
        """Return the answer to a request."""
        if request.type != protocol.ActionRequest.DIAGNOSTICS:
            return self._refuse(request, f"no action is called {request.name!r} here")
        try:
            diagnostics = list(self._collect(request))
        except Exception as error:  # whatever is wrong, the agent waits for an answer
            logger.exception("diagnostics cannot be collected")
            return self._refuse(request, f"diagnostics cannot be collected: {type(error).__name__}")
        response = self._respond(request.id)
        response.diagnostic.extend(diagnostics)
        return response

    def _respond(self, request_id: str) -> protocol.ActionResponse:
        return protocol.ActionResponse(
            token=self._token, id=request_id, status=protocol.ActionResponse.SUCCESS, result=b"{}"
        )

    def _refuse(self, request: protocol.ActionRequest, why: str) -> protocol.ActionResponse:
        return protocol.ActionResponse(
            token=self._token,
            id=request.id,
            status=protocol.ActionResponse.FAILED,
            result=json.dumps({"error": why}).encode(),
        )

    def _collect(self, request: protocol.ActionRequest) -> Iterator[protocol.ActionDiagnosticUnitResult]:
        """Yield files: of one unit its condition, of the component the policy in force and the numbers as well."""
        wanted = (request.unit_id, request.unit_type) if request.level == protocol.ActionRequest.UNIT else None
        self._workload.judge()
        conditions = [
            {
                "id": unit.id,
                "type": protocol.UnitType.Name(unit.type),
                "state": protocol.State.Name(unit.condition.state),
                "message": unit.condition.message,
                "streams": unit.condition.payload.get("streams", {}),
            }
            for unit in self._units
            if wanted is None or unit.key == wanted
        ]
        yield _file("units.json", "how each unit fares", "application/json", json.dumps(conditions, indent=2).encode())
        if wanted is None and self._workload.policy is not None:
            yield _file(
                "policy.yml",
                "the policy in force, with secrets masked",
                "application/yaml",
                render_effective(self._workload.policy).encode(),
            )
        if wanted is None and self._workload.collection is not None:
            numbers, content_type = render(self._workload.collection.monitoring.statuses(), "")
            yield _file("metrics.txt", "the collector's own numbers", content_type, numbers)


def _file(name: str, description: str, content_type: str, content: bytes) -> protocol.ActionDiagnosticUnitResult:
    result = protocol.ActionDiagnosticUnitResult(
        name=name.partition(".")[0],
        filename=name,
        description=description,
        content_type=content_type,
        content=content,
    )
    result.generated.FromDatetime(datetime.now(UTC))
    return result
