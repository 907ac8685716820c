"""Waits for what comes from the hub, instead of looking for it again and again (azure-eventhub 5.15, CPython 3.12).

The SDK looks at each partition some 25 times a second: whether a frame has come, and whether an event is to be handed
over. Here one task sleeps until its socket has bytes, and one until there is an event.
"""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final

from azure.eventhub.aio._transport._pyamqp_transport_async import (  # pyright: ignore[reportPrivateUsage] - see above
    PyamqpTransportAsync,
)

from collector.output.backoff import Pauses

FRAME_HEADER_BYTES: Final = 8
_AMQP_FRAME: Final = 0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 1.0
"""Between tries to open a link. The SDK waits 50 ms, each time: one hub that is down then costs a whole core."""
_SECONDS_TO_END: Final = 1.0
"""For what is being handed over when reading ends; the SDK gives it as long."""


def find_frame(transport: Any) -> int | None:
    """Return the size of the next AMQP frame when all of it has come, or 0 when more must come first.

    None is what the SDK must read: another kind of frame, one that it has begun with, or why there will be no more. A
    frame begins with its size in four octets and has its type in the sixth (AMQP 1.0, part 2, section 2.3.1).
    """
    reader = getattr(transport, "reader", None)  # a WebSocket has none
    if reader is None or _has_begun(transport):
        return None
    waiting = reader._buffer  # noqa: SLF001 - nothing public tells what is there
    if len(waiting) >= FRAME_HEADER_BYTES:
        size = int.from_bytes(waiting[:4])
        if waiting[5] != _AMQP_FRAME or size <= FRAME_HEADER_BYTES:
            return None
        if size <= len(waiting):
            return size
    return None if reader._eof or reader.exception() else 0  # noqa: SLF001 - ``at_eof`` asks whether all was read


def _has_begun(transport: Any) -> bool:
    """Tell whether the SDK has the beginning of a frame, because the time ran out in which it waited for the rest."""
    kept = transport._read_buffer  # noqa: SLF001 - the SDK's own
    return kept.tell() < len(kept.getbuffer())


async def wait_for_more(transport: Any) -> None:
    """Return when the stream of a transport has more bytes, or has ended.

    Raises:
        OSError: the connection broke; the stream says so again to whoever reads it.
    """
    await transport.reader._wait_for_data("wait_for_more")  # noqa: SLF001 - what is public takes the bytes away


async def wait_until(moment: float | None, what: Awaitable[Any]) -> None:
    """Wait for it until the event loop's clock shows that moment at the latest; what broke shows at the next look."""
    with suppress(OSError):  # as TimeoutError is
        async with asyncio.timeout_at(moment):
            await what


async def receive_and_hand_over(consumer: Any, *, batch: bool, most: int, most_seconds: float | None) -> None:
    """Do as the SDK's ``receive_messages_async``; whoever receives a message is to set ``consumer.arrived``."""
    consumer.arrived = asyncio.Event()
    if not hasattr(consumer, "pauses"):
        consumer.pauses = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, random.random)
    consumer._callback_task_run = True  # noqa: SLF001 - tells the SDK's task too whether to go on
    handing_over = asyncio.create_task(_hand_over(consumer, batch=batch, most=most, most_seconds=most_seconds))
    receiving = asyncio.create_task(_receive(consumer, most))
    try:
        await asyncio.gather(handing_over, receiving)
    finally:
        consumer._callback_task_run = False  # noqa: SLF001 - as above
        consumer.arrived.set()
        receiving.cancel()  # it may be waiting for bytes
        await asyncio.wait([handing_over, receiving], timeout=_SECONDS_TO_END)


async def _receive(consumer: Any, most: int) -> None:
    """Let the SDK read: whom an error reaches, and what is tried again, it decides itself."""
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        await PyamqpTransportAsync._receive_task(consumer, most)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
        if clock() - began > _LONGEST_PAUSE_SECONDS:
            consumer.pauses.reset()
        await asyncio.sleep(consumer.pauses.next())  # the link could not be opened; the SDK calls again at once
    finally:
        consumer.arrived.set()


async def _hand_over(consumer: Any, *, batch: bool, most: int, most_seconds: float | None) -> None:
    """Do as the SDK's ``_callback_task``; with ``most_seconds``, call with nothing when nothing came for so long."""
    loop, waiting = asyncio.get_running_loop(), consumer._message_buffer  # noqa: SLF001 - the SDK's
    deadline = None if not most_seconds else loop.time() + most_seconds
    while consumer._callback_task_run:  # noqa: SLF001 - as above
        consumer.arrived.clear()
        count = min(most, len(waiting))
        if not count and (deadline is None or loop.time() < deadline):
            await wait_until(deadline, consumer.arrived.wait())
            continue
        began = loop.time()
        events = [consumer._next_message_in_buffer() for _ in range(count)]  # noqa: SLF001 - as above
        await consumer._on_event_received(events if batch else next(iter(events), None))  # noqa: SLF001 - as above
        deadline = None if not most_seconds else began + most_seconds
