"""Single records of the categories ``RequestResponse`` and ``Audit``, as Azure OpenAI writes them.

Keys, spelling and quirks follow records seen in public fixtures: ``properties`` is an escaped string in some and an
object in others, statuses are strings, ``durationMs`` is now and then negative while the ticks stay right, ``time`` is
when the record was emitted and lies seconds after the answer.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.demo.expectations import Call, Expectation, Fate, Record
from collector.demo.fleet import CALLERS, CHAT, EMBEDDINGS, RESOURCES, THROTTLED, Caller, Deployment, Resource, Spread

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
_TICKS_PER_MS: Final = 10_000
_EMITTED_LATER_S: Final = (1.5, 4.0)
# A rule of thumb for English text; bodies hold some JSON besides.
_BYTES_A_TOKEN: Final = 4
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
    call = _make_call(dice, at, resource, deployment, status)
    properties = _time_call(call.answered, call.milliseconds) | {
        "apiName": call.api,
        "requestLength": call.request_bytes,
        "responseLength": call.response_bytes,
        "objectId": caller.object_id,
    }
    routed = status != UNAUTHORIZED  # else refused before anything looked at the deployment
    if routed:
        properties |= _name_model(call)
    record = _wrap_call(dice, at, resource, caller, deployment.model.operation, status, properties)
    return replace(record, call=call) if routed else record


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


def _make_call(dice: random.Random, at: datetime, resource: Resource, deployment: Deployment, status: int) -> Call:
    model = deployment.model
    if status == OK:
        latency = dice.lognormvariate(0, model.latency_ms.sigma) * model.latency_ms.median
        response = draw(dice, model.response_bytes)
    else:
        slow = status >= 500  # noqa: PLR2004 - where HTTP's server errors start
        latency = float(draw(dice, _SERVER_ERROR_MS if slow else _REFUSAL_MS))
        response = draw(dice, _REFUSAL_BYTES)
    request = draw(dice, model.request_bytes)
    reads, writes = status == OK and model.operation in {CHAT, EMBEDDINGS}, status == OK and model.operation == CHAT
    return Call(
        resource=resource,
        deployment=deployment,
        status=status,
        stream_type="Streaming" if dice.random() < deployment.streaming else "Non-Streaming",
        api=f"Azure OpenAI API version {dice.choice(_API_VERSIONS)}",
        answered=at - timedelta(seconds=dice.uniform(*_EMITTED_LATER_S)),
        milliseconds=latency,
        request_bytes=request,
        response_bytes=response,
        input_tokens=max(1, request // _BYTES_A_TOKEN) if reads else 0,
        output_tokens=max(1, response // _BYTES_A_TOKEN) if writes else 0,
    )


def _name_model(call: Call) -> dict[str, object]:
    model = call.deployment.model
    names = {"modelDeploymentName": call.deployment.name, "modelName": model.name, "modelVersion": model.version}
    tokens = {"promptTokens": call.input_tokens, "completionTokens": call.output_tokens}
    logged = tokens if call.resource.logs_usage and call.input_tokens else {}
    return {"streamType": call.stream_type, **names, **logged}


def _time_call(answered: datetime, milliseconds: float) -> dict[str, object]:
    ticks = (answered - _EPOCH) // timedelta(microseconds=1) * 10 + _TICKS_AT_EPOCH
    return {"requestTime": ticks - round(milliseconds * _TICKS_PER_MS), "responseTime": ticks}


def _write_thread_call(dice: random.Random, at: datetime, resource: Resource, caller: Caller) -> Record:
    """Write a call of the Assistants API, whose records name no model and no deployment."""
    properties = {
        "apiName": "Azure OpenAI API version 2024-05-01-preview",
        **_time_call(at - timedelta(seconds=dice.uniform(*_EMITTED_LATER_S)), dice.uniform(60, 240)),
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
