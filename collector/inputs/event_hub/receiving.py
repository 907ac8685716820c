"""Where prefetch by bytes meets the Azure SDK (azure-eventhub 5.15).

The SDK has one number for prefetch, set once. Its transport is a part that a client can be given, though, and makes the
object that asks for credit and reads frames: ``BoundedTransport`` makes a ``BoundedReceiver`` instead. Of the library's
own one method of each consumer is replaced, which makes its events. ``tests/contract/test_prefetch_in_bytes.py`` and
``tests/contract/test_waiting_frames.py`` fail when an SDK no longer goes this way.

Six things differ from the SDK's receiver:

- it asks for as many events as the partition's share holds, and reads no frame while the share is full; unread bytes
  stay in the socket, and TCP tells the service to wait;
- it has no second task that reads every 30 s to keep the connection alive: that one reads without asking anyone. The
  SDK calls the receiver every 50 ms, and each call sends the heartbeat when it is due;
- it forgets delivery tags. The SDK (5.15.1) keeps each one for a settlement that never comes, since the service sends
  events settled: about 100 bytes an event, for ever;
- it takes a frame that is there already at once. The SDK sets a timer for each, and reads it in two steps;
- it makes an event of a message only. The SDK makes each as if it were to be sent, with header, properties and an empty
  body, and replaces them. With the frames this saves two fifths of what receiving costs (docs/performance.md);
- it tells why it cannot be opened. The SDK tries again at once, without end, and tells nobody (``_receive_task`` takes
  a consumer that is not open yet for one that is being closed).
"""

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

_BODY_THAT_CANNOT_BE_WEIGHED: Final = 1024 * 1024
"""AMQP values other than texts: Azure sends none, so they need not be fast, but must not be taken for small."""
_FRAME_HEADER_BYTES: Final = 8
_AMQP_FRAME: Final = 0
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

    async def _client_run_async(self, *, batch: int = 1, **options: Any) -> bool:
        """Read up to ``batch`` frames, none of them while the share is full; return whether to go on."""
        link = self._link
        link._received_delivery_tags.clear()  # noqa: SLF001 - see above
        whole = False
        for _ in range(batch):
            self._link_credit = self._share.credit
            if self._link_credit <= 0:
                await self._connection.listen(batch=0)  # reads nothing; sends the heartbeat when it is due
                return True
            # Only after a frame that came whole: what came of one before a timer ran out is kept elsewhere.
            if whole and await self._read_waiting_frame():
                continue
            before = _progress(link)
            if not await super()._client_run_async(batch=1, **options):  # pyright: ignore[reportUnknownMemberType]
                return False
            if _progress(link) == before:  # nothing came in time, or it was no event
                return True
            whole = True
        return True

    async def _read_waiting_frame(self) -> bool:
        """Take in the frame that the stream holds, and wait for nothing; return whether it holds one."""
        connection, link = self._connection, self._link
        size = _size_of_waiting_frame(connection._transport)  # noqa: SLF001 - see above
        if not size or not connection._can_read():  # noqa: SLF001 - see above
            return False
        if link.current_link_credit <= 0:
            await link.flow(link_credit=self._link_credit)
        frame = memoryview(await connection._transport.reader.readexactly(size))  # noqa: SLF001 - see above
        channel, body = int.from_bytes(frame[6:_FRAME_HEADER_BYTES]), frame[_FRAME_HEADER_BYTES:]
        await connection._process_incoming_frame(channel, decode_frame(body))  # noqa: SLF001 - see above
        return True


class BoundedTransport(PyamqpTransportAsync):
    """The SDK's transport for a client whose partitions share a number of bytes."""

    def __init__(self, prefetch: Prefetch, openings: Openings) -> None:
        """Let every receiver find its share in ``prefetch`` and tell ``openings`` of its own."""
        self._prefetch = prefetch
        self._openings = openings

    @staticmethod
    @override
    async def message_received_async(consumer: Any, message: Any) -> None:
        """Keep the message until the SDK asks its consumer for the next event."""
        if "_next_message_in_buffer" not in vars(consumer):
            consumer._next_message_in_buffer = partial(_take_event, consumer)  # noqa: SLF001 - see above
        # The SDK's lock around this is not needed: where it is held nothing is awaited.
        consumer._message_buffer.append(message)  # noqa: SLF001 - see above

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


def _size_of_waiting_frame(transport: Any) -> int:
    """Return the size of an AMQP frame that has come in whole, or 0 (AMQP 1.0, part 2, section 3.1)."""
    reader = getattr(transport, "reader", None)  # a WebSocket has none
    waiting = reader._buffer if reader is not None else b""  # noqa: SLF001 - nothing public tells what is there
    if len(waiting) <= _FRAME_HEADER_BYTES or waiting[5] != _AMQP_FRAME:
        return 0
    size = int.from_bytes(waiting[:4])
    return size if _FRAME_HEADER_BYTES < size <= len(waiting) else 0


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
