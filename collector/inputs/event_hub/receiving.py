"""Where prefetch by bytes meets the Azure SDK (azure-eventhub 5.15).

The SDK has one number for prefetch, set once. Its transport is a part that a client can be given, though, and makes the
object that asks for credit and reads frames: ``BoundedTransport`` makes a ``BoundedReceiver`` instead. Of the library's
own one method of each consumer is replaced, which makes its events. ``tests/contract/test_prefetch_in_bytes.py``,
``test_waiting_frames.py`` and ``test_waiting_for_events.py`` fail when an SDK no longer goes this way.

Eight things differ from the SDK's receiver:

- it sleeps while nothing comes. The SDK looks 25 times a second whether a frame has come and whether an event is to be
  handed over. Here bytes on the socket wake the one and an event the other; nothing is late by a pause, and an idle
  partition costs a hundredth of a percent of a core. Every 5 s, or as soon as heartbeat and token need it, it returns
  to the SDK, whose loop around it does the rest as ever: errors, retries, opening anew;
- it asks for as many events as the partition's share holds, and reads no frame while the share is full; unread bytes
  stay in the socket, and TCP tells the service to wait. Room wakes it;
- it has no second task that reads every 30 s to keep the connection alive: that one reads without asking anyone. Each
  time that the SDK comes back, the heartbeat is sent when it is due;
- it forgets delivery tags. The SDK (5.15.1) keeps each one for a settlement that never comes, since the service sends
  events settled: about 100 bytes an event, for ever;
- it takes a frame that is there already at once. The SDK sets a timer for each, and reads it in two steps;
- it makes an event of a message only. The SDK makes each as if it were to be sent, with header, properties and an empty
  body, and replaces them. With the frames this saves two fifths of what receiving costs (docs/performance.md);
- it tells why it cannot be opened. The SDK tries again at once, without end, and tells nobody (``_receive_task`` takes
  a consumer that is not open yet for one that is being closed);
- it closes its socket. The SDK forgets that of a connection which broke, or on which no session was begun, until the
  garbage is collected.

Over a WebSocket there is no stream to look at: frames are read by the SDK, which waits a second for each.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast, override

from azure.eventhub import EventData
from azure.eventhub._pyamqp._decode import decode_frame  # pyright: ignore[reportPrivateUsage] - see above
from azure.eventhub._pyamqp.aio import ReceiveClientAsync  # pyright: ignore[reportPrivateUsage] - see above
from azure.eventhub._pyamqp.constants import ReceiverSettleMode  # pyright: ignore[reportPrivateUsage] - see above
from azure.eventhub.aio import EventHubConsumerClient
from azure.eventhub.aio._transport._pyamqp_transport_async import (  # pyright: ignore[reportPrivateUsage] - see above
    PyamqpTransportAsync,
)
from azure.eventhub.amqp import AmqpAnnotatedMessage

from collector.inputs.event_hub.prefetch import Prefetch, Share
from collector.inputs.event_hub.waiting import (
    FRAME_HEADER_BYTES,
    find_frame,
    receive_and_hand_over,
    wait_for_more,
    wait_until,
)

_BODY_THAT_CANNOT_BE_WEIGHED: Final = 1024 * 1024
"""AMQP values other than texts: Azure sends none, so they need not be fast, but must not be taken for small."""
_LONGEST_WAIT: Final = 5.0
"""Seconds; for 32 partitions a look every 150 ms."""
_OPTIONS_OF_CONFIGURATION: Final = (
    "connection_verify",
    "custom_endpoint_address",
    "http_proxy",
    "socket_timeout",
    "ssl_context",
    "transport_type",
    "use_tls",
)
"""What the SDK's transport passes on of a client's configuration."""


def _tell_nobody(*_: object) -> None: ...


@dataclass(slots=True)
class Openings:
    """Who is told, with the partition, when a reader was opened and when it could not be."""

    done: Callable[[str], None] = _tell_nobody
    failed: Callable[[str, Exception], None] = _tell_nobody


class BoundedReceiver(ReceiveClientAsync):
    """Reads one partition within its share."""

    _link: Any
    _connection: Any

    def __init__(self, hostname: str, source: Any, *, share: Share, openings: Openings, **options: Any) -> None:
        """Take what the SDK's receiver takes, the share, and who is told of its opening."""
        super().__init__(hostname, source, **options)  # pyright: ignore[reportUnknownMemberType] - it has no types
        self._share = share
        self._openings = openings
        self._partition = _partition_of(source)
        self._is_open = False

    async def open_async(self, connection: Any = None) -> None:
        """Do as the SDK's, and tell of a failure."""
        with self._telling():
            await super().open_async(connection)  # pyright: ignore[reportUnknownMemberType]

    async def client_ready_async(self) -> bool:
        """Do as the SDK's, which is asked until it says yes; tell of a failure until then, and of the success once."""
        if self._is_open:
            return await super().client_ready_async()
        with self._telling():
            self._is_open = await super().client_ready_async()
        if self._is_open:
            self._openings.done(self._partition)
        return self._is_open

    async def close_async(self) -> None:
        """Do as the SDK's, and close the socket in any case."""
        connection = self._connection
        try:
            await super().close_async()
        finally:
            writer = getattr(connection and connection._transport, "writer", None)  # noqa: SLF001 - see above
            if writer is not None:
                writer.transport.abort()

    @contextmanager
    def _telling(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            self._openings.failed(self._partition, error)
            raise

    async def _message_received_async(self, frame: Any, message: Any) -> None:
        # First the SDK's part: whatever fails after it, the event is not lost.
        await super()._message_received_async(frame, message)  # pyright: ignore[reportUnknownMemberType]
        self._share.received(weigh(message))

    async def _client_run_async(self, **options: Any) -> bool:
        """Take in frames as they come, none of them while the share is full; return now and then, and whether to go on.

        The SDK comes back soon, looks at the link and renews the token. How many frames it asks for does not matter:
        the share tells.
        """
        connection, link, clock = self._connection, self._link, asyncio.get_running_loop().time
        await connection.listen(batch=0)  # reads nothing; says what broke it, sends the heartbeat when it is due
        until = clock() + self._seconds_without_a_look
        while clock() < until:
            link._received_delivery_tags.clear()  # noqa: SLF001 - see above
            self._link_credit = self._share.credit
            if self._link_credit <= 0:
                await wait_until(until, self._share.wait_for_room())
                continue
            if link.current_link_credit <= 0:
                await link.flow(link_credit=self._link_credit)
            size = find_frame(connection._transport)  # noqa: SLF001 - see above
            if size is None or not connection._can_read():  # noqa: SLF001 - see above
                before = _progress(link)
                if not await super()._client_run_async(**options | {"batch": 1}):  # pyright: ignore[reportUnknownMemberType]
                    return False
                if _progress(link) == before:  # nothing came in time, or it was no event
                    return True
            elif not size:
                await wait_until(until, wait_for_more(connection._transport))  # noqa: SLF001 - see above
            elif await self._take_in(size):
                return True
        return True

    @property
    def _seconds_without_a_look(self) -> float:
        """How long only frames need attention: what else is due, heartbeat and token, is due much later."""
        beat: float | None = self._connection._remote_idle_timeout_send_frame  # noqa: SLF001 - see above
        renewal: float | None = getattr(self._cbs_authenticator, "_refresh_window", None)
        longest = min([_LONGEST_WAIT, *(seconds / 2 for seconds in (beat, renewal) if seconds is not None)])
        return max(longest, self._connection._socket_timeout)  # noqa: SLF001 - see above

    async def _take_in(self, size: int) -> bool:
        """Take in the frame of so many bytes that the stream holds; return whether it changed the link's state."""
        connection = self._connection
        frame = memoryview(await connection._transport.reader.readexactly(size))  # noqa: SLF001 - see above
        channel, body = int.from_bytes(frame[6:FRAME_HEADER_BYTES]), frame[FRAME_HEADER_BYTES:]
        return await connection._process_incoming_frame(channel, decode_frame(body))  # noqa: SLF001 - see above


class BoundedTransport(PyamqpTransportAsync):
    """The SDK's transport for a client whose partitions share a number of bytes."""

    def __init__(self, prefetch: Prefetch, openings: Openings) -> None:
        """Let every receiver find its share in ``prefetch`` and tell ``openings`` of its own."""
        self._prefetch = prefetch
        self._openings = openings

    @staticmethod
    @override
    async def receive_messages_async(
        consumer: Any, batch: bool, max_batch_size: int, max_wait_time: float | None
    ) -> None:
        """Do as the SDK's, but sleep while nothing comes."""
        consumer._next_message_in_buffer = partial(_take_event, consumer)  # noqa: SLF001 - see above
        await receive_and_hand_over(consumer, batch=batch, most=max_batch_size, most_seconds=max_wait_time)

    @staticmethod
    @override
    async def message_received_async(consumer: Any, message: Any) -> None:
        """Keep the message until it is handed over."""
        # The SDK's lock around this is not needed: where it is held nothing is awaited.
        consumer._message_buffer.append(message)  # noqa: SLF001 - see above
        consumer.arrived.set()

    def create_receive_client(  # pyright: ignore[reportIncompatibleMethodOverride] - static there
        self, *, config: Any, source: Any, **options: Any
    ) -> BoundedReceiver:
        """Make what the SDK's transport makes, bounded; the SDK asks at each new connection of a partition."""
        return BoundedReceiver(
            config.hostname,
            source,
            share=self._prefetch.share(_partition_of(source)),
            openings=self._openings,
            receive_settle_mode=ReceiverSettleMode.First,
            **{name: getattr(config, name) for name in _OPTIONS_OF_CONFIGURATION},
            **options | {"keep_alive_interval": 0},
        )


def bound(client: EventHubConsumerClient, prefetch: Prefetch, openings: Openings) -> None:
    """Let every partition that the client reads from now on keep to its share, and tell how its opening goes."""
    cast("Any", client)._amqp_transport = BoundedTransport(prefetch, openings)  # noqa: SLF001 - see above


def _take_event(consumer: Any) -> EventData:
    """Return the event of the oldest message that waits, as ``EventData.from_bytes`` would make it."""
    message = consumer._message_buffer.popleft()  # noqa: SLF001 - see above
    event = cast("Any", EventData.__new__(EventData))
    event._last_enqueued_event_properties = {}  # noqa: SLF001 - see above
    event._sys_properties = None  # noqa: SLF001 - see above
    event._uamqp_message = None  # noqa: SLF001 - see above
    event._message = message  # noqa: SLF001 - see above
    event._raw_amqp_message = AmqpAnnotatedMessage(message=message)  # noqa: SLF001 - see above
    consumer._last_received_event = event  # noqa: SLF001 - see above
    return event


def weigh(message: Any) -> int:
    """Return how many bytes the body of an AMQP message holds."""
    if message.data:
        return sum(len(part) for part in message.data if part)
    if isinstance(message.value, bytes | str):
        return len(message.value)
    return _BODY_THAT_CANNOT_BE_WEIGHED


def _partition_of(source: Any) -> str:
    """The entity path of a partition ends in its id: ``HUB/ConsumerGroups/GROUP/Partitions/ID``."""
    address = source.address.decode() if isinstance(source.address, bytes) else source.address
    return address.rpartition("/")[2]


def _progress(link: Any) -> tuple[int, int]:
    """What changes with each frame that brings an event or a part of one."""
    return link.delivery_count, len(link._received_payload)  # noqa: SLF001 - see above
