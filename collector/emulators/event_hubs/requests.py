"""Answers to requests: tokens at `$cbs`, properties of hubs and partitions at `$management`.

Every well-formed token is accepted: the emulator authorises nobody.

Source: AMQP claims-based security 1.0 (put-token); the shape of the properties is the Event Hubs clients' own.
"""

from collections.abc import Mapping

from collector.emulators.event_hubs.addresses import CBS
from collector.emulators.event_hubs.errors import LinkError
from collector.emulators.event_hubs.messages import Message, encode_answer
from collector.emulators.event_hubs.namespace import HubState, Namespace
from collector.emulators.event_hubs.wire_types import Array, Int, Symbol, Timestamp

_HUB = "com.microsoft:eventhub"
_PARTITION = "com.microsoft:partition"
_ACCEPTED, _OK, _BAD_REQUEST, _NOT_FOUND = 202, 200, 400, 404


def answer_request(node: str, request: Message, namespace: Namespace) -> bytes:
    """Return the encoded answer of `node` to a request; a request that cannot be met gets a status that says so."""
    if node == CBS:
        return encode_answer(request, *_put_token(request))
    try:
        return encode_answer(request, *_read_properties(request, namespace))
    except LinkError as error:
        return encode_answer(request, _status(_NOT_FOUND, error.description, error.condition), None)


def _put_token(request: Message) -> tuple[Mapping[str, object], object]:
    fields = request.application_properties
    if fields.get("operation") != "put-token" or not isinstance(request.value, str):
        return _status(_BAD_REQUEST, "Only put-token with a token is understood.", "amqp:not-implemented"), None
    return _status(_ACCEPTED, "Accepted"), None


def _read_properties(request: Message, namespace: Namespace) -> tuple[Mapping[str, object], object]:
    fields = request.application_properties
    kind = fields.get("type")
    if fields.get("operation") != "READ" or kind not in {_HUB, _PARTITION}:
        return _status(_BAD_REQUEST, "Only READ of a hub or a partition is understood.", "amqp:not-implemented"), None
    hub = namespace.find_hub(str(fields.get("name")))
    if kind == _HUB:
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
