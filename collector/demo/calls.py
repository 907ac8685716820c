"""Single records of the categories ``RequestResponse`` and ``Audit``, as Azure OpenAI writes them.

Keys, spelling and quirks follow records seen in public fixtures: ``properties`` is an escaped string in some and an
object in others, statuses are strings, ``durationMs`` is now and then negative while the ticks stay right, ``time`` is
when the record was emitted and lies seconds after the answer.
"""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.demo.expectations import Expectation, Fate, Record
from collector.demo.fleet import CALLERS, RESOURCES, THROTTLED, Caller, Deployment, Resource, Spread

OK: Final = 200
UNAUTHORIZED: Final = 401
TOO_MANY_REQUESTS: Final = 429

# Status and its share of all calls outside a burst; what is left of 1 succeeds.
FAILURE_SHARES: Final = ((400, 0.018), (UNAUTHORIZED, 0.006), (TOO_MANY_REQUESTS, 0.022), (500, 0.004), (503, 0.003))
# In a burst the throttled deployment refuses this share of its calls.
BURST_SHARE: Final = 0.65
NEGATIVE_DURATION_SHARE: Final = 0.004
STRING_PROPERTIES_SHARE: Final = 0.6
THREAD_SHARE: Final = 0.006
AUDIT_SHARE: Final = 0.01

_TICKS_AT_EPOCH: Final = 621_355_968_000_000_000
_TICKS_PER_SECOND: Final = 10_000_000
_TICKS_PER_MS: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_API_VERSIONS: Final = ("2024-10-21", "2024-10-21", "2024-10-21", "2024-12-01-preview", "2025-03-01-preview")
# How long and how big a refusal is, whatever the model: it is answered by the gateway in front of it.
_REFUSAL_MS: Final = Spread(7, 0.6)
_REFUSAL_BYTES: Final = Spread(310, 0.25)
_SERVER_ERROR_MS: Final = Spread(2_400, 1.0)

_PLACES: Final[Sequence[tuple[Resource, Deployment]]] = tuple(
    (resource, deployment) for resource in RESOURCES for deployment in resource.deployments
)
_PLACE_WEIGHTS: Final = [deployment.weight for _, deployment in _PLACES]
_CALLER_WEIGHTS: Final = [caller.weight for caller in CALLERS]


def write_call(dice: random.Random, at: datetime, *, burst: bool) -> Record:
    """Write one call of the fleet, answered just before ``at``; most calls succeed, fewer in a ``burst``."""
    resource, deployment = dice.choices(_PLACES, _PLACE_WEIGHTS)[0]
    caller = dice.choices(CALLERS, _CALLER_WEIGHTS)[0]
    if dice.random() < THREAD_SHARE:
        return _write_thread_call(dice, at, resource, caller)
    status = _draw_status(dice, burst=burst and (resource.name, deployment.name) == THROTTLED)
    properties = _measure_call(dice, at, deployment, status)
    properties["objectId"] = caller.object_id
    if status != UNAUTHORIZED:  # refused before anything looked at the deployment
        properties |= {
            "streamType": "Streaming" if dice.random() < deployment.streaming else "Non-Streaming",
            "modelDeploymentName": deployment.name,
            "modelName": deployment.model.name,
            "modelVersion": deployment.model.version,
        }
    return _wrap_call(dice, at, resource, caller, deployment.model.operation, status, properties)


def write_audit(dice: random.Random, at: datetime) -> Record:
    """Write one ``ListKey`` audit record: somebody has read the keys of a resource."""
    resource = dice.choice(RESOURCES)
    record = {
        "AssetIdentity": write_guid(dice),
        "Tenant": resource.region,
        "category": "Audit",
        "operationName": "ListKey",
        "properties": {"objectId": dice.choice(CALLERS).object_id or write_guid(dice)},
        "resourceId": resource.id,
        "time": write_time(at),
    }
    return Record(write_json(record), Expectation(Fate.INDEXED, why="audit", category="Audit"))


def write_guid(dice: random.Random) -> str:
    """Write a random GUID of version 4."""
    digits = f"{dice.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def write_time(at: datetime) -> str:
    """Write a time as Azure does: UTC with seven fractional digits."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}0Z"


def write_json(value: object) -> str:
    """Write JSON as compactly as Azure does."""
    return json.dumps(value, separators=(",", ":"))


def draw(dice: random.Random, spread: Spread) -> int:
    """Draw an amount from its spread, at least 1."""
    return max(1, round(spread.median * dice.lognormvariate(0, spread.sigma)))


def _draw_status(dice: random.Random, *, burst: bool) -> int:
    if burst and dice.random() < BURST_SHARE:
        return TOO_MANY_REQUESTS
    ticket = dice.random()
    for status, share in FAILURE_SHARES:
        ticket -= share
        if ticket < 0:
            return status
    return OK


def _measure_call(dice: random.Random, at: datetime, deployment: Deployment, status: int) -> dict[str, object]:
    model = deployment.model
    if status == OK:
        latency = dice.lognormvariate(0, model.latency_ms.sigma) * model.latency_ms.median
        response = draw(dice, model.response_bytes)
    else:
        slow = status >= 500  # noqa: PLR2004 - where HTTP's server errors start
        latency = draw(dice, _SERVER_ERROR_MS if slow else _REFUSAL_MS)
        response = draw(dice, _REFUSAL_BYTES)
    return {
        "apiName": f"Azure OpenAI API version {dice.choice(_API_VERSIONS)}",
        **_time_call(dice, at, latency),
        "requestLength": draw(dice, model.request_bytes),
        "responseLength": response,
    }


def _time_call(dice: random.Random, at: datetime, latency_ms: float) -> dict[str, object]:
    emitted_later = timedelta(seconds=dice.uniform(1.5, 4))
    answered = (at - emitted_later - _EPOCH) // timedelta(microseconds=1) * 10 + _TICKS_AT_EPOCH
    return {"requestTime": answered - round(latency_ms * _TICKS_PER_MS), "responseTime": answered}


def _write_thread_call(dice: random.Random, at: datetime, resource: Resource, caller: Caller) -> Record:
    """Write a call of the Assistants API, whose records name no model and no deployment."""
    properties = {
        "apiName": "Azure OpenAI API version 2024-05-01-preview",
        **_time_call(dice, at, dice.uniform(60, 240)),
        "requestLength": 2,
        "responseLength": 113,
        "objectId": caller.object_id,
    }
    return _wrap_call(dice, at, resource, caller, "Create_Thread", OK, properties)


def _wrap_call(  # noqa: PLR0913, PLR0917 - a record is this wide
    dice: random.Random,
    at: datetime,
    resource: Resource,
    caller: Caller,
    operation: str,
    status: int,
    properties: dict[str, object],
) -> Record:
    correlation_id = write_guid(dice)
    duration = (int(str(properties["responseTime"])) - int(str(properties["requestTime"]))) // _TICKS_PER_MS
    as_string = dice.random() < STRING_PROPERTIES_SHARE
    record = {
        "Tenant": resource.region,
        "callerIpAddress": caller.address,
        "category": "RequestResponse",
        "correlationId": correlation_id,
        "durationMs": -duration if dice.random() < NEGATIVE_DURATION_SHARE else duration,
        "event": "ShoeboxCallResult",
        "location": resource.region,
        "operationName": operation,
        "properties": write_json(properties) if as_string else properties,
        "resourceId": resource.id,
        "resultSignature": str(status),
        "time": write_time(at),
    }
    deployment = properties.get("modelDeploymentName")
    return Record(
        write_json(record),
        Expectation(
            Fate.INDEXED,
            why="call",
            category="RequestResponse",
            correlation_id=correlation_id,
            status=status,
            deployment=str(deployment) if deployment else None,
        ),
    )
