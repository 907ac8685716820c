"""Where prefetch by bytes meets the Azure SDK (azure-eventhub 5.15).

The SDK has one number for prefetch, set once. Its transport is a part that a client can be given, though, and makes the
object that asks for credit and reads frames: ``BoundedTransport`` makes a ``BoundedReceiver`` instead. Nothing of the
library's own is replaced. ``tests/contract/test_prefetch_in_bytes.py`` fails when an SDK no longer goes this way.

Four things differ from the SDK's receiver:

- it asks for as many events as the partition's share holds, and reads no frame while the share is full; unread bytes
  stay in the socket, and TCP tells the service to wait;
- it has no second task that reads every 30 s to keep the connection alive: that one reads without asking anyone. The
  SDK calls the receiver every 50 ms, and each call sends the heartbeat when it is due;
- it forgets delivery tags. The SDK (5.15.1) keeps each one for a settlement that never comes, since the service sends
  events settled: about 100 bytes an event, for ever;
- it tells why it cannot be opened. The SDK tries again at once, without end, and tells nobody (``_receive_task`` takes
  a consumer that is not open yet for one that is being closed).
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from azure.eventhub._pyamqp.aio import ReceiveClientAsync  # pyright: ignore[reportPrivateUsage] - see above
from azure.eventhub._pyamqp.constants import ReceiverSettleMode  # pyright: ignore[reportPrivateUsage] - see above
from azure.eventhub.aio import EventHubConsumerClient
from azure.eventhub.aio._transport._pyamqp_transport_async import (  # pyright: ignore[reportPrivateUsage] - see above
    PyamqpTransportAsync,
)

from collector.inputs.event_hub.prefetch import Prefetch, Share

_BODY_THAT_CANNOT_BE_WEIGHED: Final = 1024 * 1024
"""AMQP values other than texts: Azure sends none, so they need not be fast, but must not be taken for small."""
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
        for _ in range(batch):
            self._link_credit = self._share.credit
            if self._link_credit <= 0:
                await self._connection.listen(batch=0)  # reads nothing; sends the heartbeat when it is due
                return True
            before = _progress(link)
            if not await super()._client_run_async(batch=1, **options):  # pyright: ignore[reportUnknownMemberType]
                return False
            if _progress(link) == before:  # nothing came in time, or it was no event
                return True
        return True


class BoundedTransport(PyamqpTransportAsync):
    """The SDK's transport for a client whose partitions share a number of bytes."""

    def __init__(self, prefetch: Prefetch, openings: Openings) -> None:
        """Let every receiver find its share in ``prefetch`` and tell ``openings`` of its own."""
        self._prefetch = prefetch
        self._openings = openings

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
