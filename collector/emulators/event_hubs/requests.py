"""Answers to requests: tokens at `$cbs`, properties of hubs and partitions at `$management`.

Which tokens are accepted is the connection's `Access` to say.

Source: AMQP claims-based security 1.0 (put-token); the shape of the properties is the Event Hubs clients' own.
"""

from collections.abc import Mapping

from collector.emulators.event_hubs.access import Access, OperationKind, TokenRefusedError
from collector.emulators.event_hubs.addresses import CBS
from collector.emulators.event_hubs.errors import LinkError
from collector.emulators.event_hubs.messages import Message, encode_answer
from collector.emulators.event_hubs.namespace import HubState, Namespace
from collector.emulators.event_hubs.wire_types import Array, Int, Symbol, Timestamp

_HUB = "com.microsoft:eventhub"
_PARTITION = "com.microsoft:partition"
_ACCEPTED, _OK, _BAD_REQUEST, _UNAUTHORIZED, _NOT_FOUND = 202, 200, 400, 401, 404
_READS = {_HUB: OperationKind.READ_HUB, _PARTITION: OperationKind.READ_PARTITION}


def answer_request(node: str, request: Message, namespace: Namespace, access: Access) -> bytes:
    """Return the encoded answer of `node` to a request; a request that cannot be met gets a status that says so."""
    if node == CBS:
        return encode_answer(request, *_put_token(request, access))
    try:
        return encode_answer(request, *_read_properties(request, namespace, access))
    except LinkError as error:
        return encode_answer(request, _status(_NOT_FOUND, error.description, error.condition), None)


def _put_token(request: Message, access: Access) -> tuple[Mapping[str, object], object]:
    fields = request.application_properties
    if fields.get("operation") != "put-token" or not isinstance(request.value, str):
        return _status(_BAD_REQUEST, "Only put-token with a token is understood.", "amqp:not-implemented"), None
    try:
        access.put_token(str(fields.get("name")), str(fields.get("type")), request.value)
    except TokenRefusedError as error:
        return _status(_UNAUTHORIZED, str(error)), None
    return _status(_ACCEPTED, "Accepted"), None


def _read_properties(request: Message, namespace: Namespace, access: Access) -> tuple[Mapping[str, object], object]:
    fields = request.application_properties
    name, resource = str(fields.get("name")), str(fields.get("type"))
    kind = _READS.get(resource) if fields.get("operation") == "READ" else None
    access.note_request(kind or OperationKind.OTHER_REQUEST, name)
    if kind is None:
        return _status(_BAD_REQUEST, "Only READ of a hub or a partition is understood.", "amqp:not-implemented"), None
    hub = namespace.find_hub(name)
    if kind is OperationKind.READ_HUB:
        return _status(_OK, "OK"), _describe_hub(hub)
    return _status(_OK, "OK"), _describe_partition(hub, str(fields.get("partition")))


def _describe_hub(state: HubState) -> dict[str, object]:
    return {
        "name": state.hub.name,
        "type": _HUB,
        "created_at": state.created_at,
        "partition_count": Int(state.hub.partitions),
        "partition_ids": Array(tuple(state.partitions)),
        "georeplication_factor": Int(1),
    }


def _describe_partition(state: HubState, partition: str) -> dict[str, object]:
    log = state.find_partition(partition)
    last = log.last
    return {
        "name": state.hub.name,
        "type": _PARTITION,
        "partition": partition,
        "begin_sequence_number": log.first_sequence_number,
        "last_enqueued_sequence_number": log.next_sequence_number - 1,
        "last_enqueued_offset": str(last.offset) if last else "-1",
        "last_enqueued_time_utc": Timestamp(last.enqueued_ms if last else 0),
        "is_partition_empty": last is None,
    }


def _status(code: int, description: str, condition: str | None = None) -> dict[str, object]:
    """Return a status under both spellings in use: the clients do not agree on one."""
    status: dict[str, object] = {
        "status-code": Int(code),
        "statusCode": Int(code),
        "status-description": description,
        "statusDescription": description,
    }
    if condition is not None:
        status["error-condition"] = status["errorCondition"] = Symbol(condition)
    return status
