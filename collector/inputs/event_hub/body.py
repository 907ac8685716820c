"""The bytes of an Event Hubs event."""

from collections.abc import Iterable
from typing import Any, cast

import msgspec
from azure.eventhub import EventData
from azure.eventhub.amqp import AmqpMessageBodyType


def read_body(event: EventData) -> bytes:
    """Return the body as bytes.

    Azure Monitor sends one AMQP data section. Other senders to a shared hub may use AMQP values or sequences: a text is
    taken as its UTF-8 bytes, anything else as JSON, so that it ends as a dead letter that can be read.
    """
    body: Any = event.body
    if event.body_type is AmqpMessageBodyType.DATA:
        return body if isinstance(body, bytes) else b"".join(cast("Iterable[bytes]", body))
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    plain: object = body if event.body_type is AmqpMessageBodyType.VALUE else list(cast("Iterable[object]", body))
    try:
        return msgspec.json.encode(plain, enc_hook=repr)
    except (TypeError, ValueError):
        return repr(plain).encode("utf-8", "backslashreplace")
