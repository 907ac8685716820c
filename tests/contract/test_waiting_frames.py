"""The seam to the Azure SDK that takes frames at once and makes light events: nothing of an event is other for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.eventhub import EventData
from plugins import fault_proxy
from plugins.fault_proxy import FaultProxy

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.inputs.event_hub import receiving
from collector.inputs.event_hub.connection import connect
from collector.inputs.event_hub.waiting import find_frame
from collector.policy import EventHubStream
from collector.state.sqlite import SqliteCheckpointStore

HUB = "hub"
FIRST = datetime(2026, 3, 10, 9, tzinfo=UTC)
WHAT_AN_EVENT_TELLS = (
    "offset",
    "sequence_number",
    "enqueued_time",
    "partition_key",
    "properties",
    "system_properties",
    "body_type",
    "content_type",
    "correlation_id",
    "message_id",
)


class Reading:
    """All events of a hub of one partition, read through the clients that a stream has."""

    def __init__(self, stream: EventHubStream, folder: Path) -> None:
        self._store = SqliteCheckpointStore(folder)
        self._connection = connect(stream, self._store)
        self.events: list[EventData] = []

    async def read(self, count: int) -> None:
        async def keep(context: Any, events: list[EventData]) -> None:
            self.events += events
            self._connection.prefetch.share(context.partition_id).taken(len(events))

        reading = asyncio.create_task(
            self._connection.client.receive_batch(keep, max_batch_size=50, prefetch=50, starting_position="-1")
        )
        async with asyncio.timeout(60):
            while len(self.events) < count:  # noqa: ASYNC110 - the SDK tells nobody else
                await asyncio.sleep(0.05)
        await self._connection.close()
        reading.cancel()
        await asyncio.wait([reading])
        self._store.close()


def stream_of(hub: EventHubsEmulator, port: int) -> EventHubStream:
    text = hub.connection_string().replace(str(hub.port), str(port))
    return EventHubStream.model_validate({"id": "x", "eventhub": HUB, "connection_string": text})


@pytest.mark.parametrize("piece", [7, 1_000, 65_536])
async def test_events_come_whole_and_in_order_however_the_network_cuts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    sizes = [1, 10, 500] if piece == 7 else [1, 800, 20_000, 70_000, 300_000]
    bodies = [bytes([number % 256]) * sizes[number % len(sizes)] for number in range(60)]
    monkeypatch.setattr(fault_proxy, "_PIECE", piece)
    async with EventHubsEmulator([Hub(HUB, 1)]) as hub, FaultProxy(hub.port) as way:
        for number, body in enumerate(bodies):
            hub.append(HUB, "0", body, enqueued_time=FIRST + timedelta(seconds=number))
        reading = Reading(stream_of(hub, way.port), tmp_path)
        await reading.read(len(bodies))

    assert [b"".join(event.body) for event in reading.events] == bodies
    assert [event.sequence_number for event in reading.events] == list(range(len(bodies)))
    assert [event.enqueued_time for event in reading.events] == [FIRST + timedelta(seconds=n) for n in range(60)]


async def test_frames_with_events_are_taken_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    original = receiving.BoundedReceiver._take_in

    async def count(receiver: Any, size: int) -> bool:
        taken.append(size)
        return await original(receiver, size)

    monkeypatch.setattr(receiving.BoundedReceiver, "_take_in", count)
    async with EventHubsEmulator([Hub(HUB, 1)]) as hub:
        for _ in range(1000):
            hub.append(HUB, "0", b"x" * 100)
        await Reading(stream_of(hub, hub.port), tmp_path).read(1000)

    assert sum(size > 100 for size in taken) == 1000


async def test_an_event_tells_what_the_sdks_own_tells_of_the_same_message(tmp_path: Path) -> None:
    async with EventHubsEmulator([Hub(HUB, 1)]) as hub:
        hub.append(HUB, "0", b"body", enqueued_time=FIRST)
        reading = Reading(stream_of(hub, hub.port), tmp_path)
        await reading.read(1)
    (ours,) = reading.events
    theirs = EventData._from_message(ours._message)

    assert [getattr(ours, name) for name in WHAT_AN_EVENT_TELLS] == [
        getattr(theirs, name) for name in WHAT_AN_EVENT_TELLS
    ]
    assert list(ours.body) == list(theirs.body) == [b"body"]
    assert vars(ours).keys() == vars(theirs).keys()


def transport_with(waiting: bytes, *, begun: bytes = b"", ended: bool = False) -> Any:
    """A transport whose stream holds these bytes; the SDK has begun to read a frame with those, and none may come."""
    reader = asyncio.StreamReader()
    reader.feed_data(waiting)
    if ended:
        reader.feed_eof()
    return SimpleNamespace(reader=reader, _read_buffer=BytesIO(begun))


@pytest.mark.parametrize(
    ("waiting", "size"),
    [
        (b"", 0),
        (b"\0\0\0\x0a\2\0\0", 0),
        (b"\0\0\0\x0a\2\0\0\0a", 0),  # one octet is still to come
        (b"\0\0\0\x0a\2\0\0\0ab", 10),
        (b"\0\0\0\x0a\2\0\0\0ab\0\0", 10),
        (b"\0\0\0\x08\2\0\0\0", None),  # an empty frame, which keeps a connection alive
        (b"\0\0\0\x0a\2\1\0\0ab", None),  # a frame of SASL
        (b"AMQP\0\1\0\0ab", None),
    ],
)
async def test_a_frame_of_amqp_is_taken_when_all_of_it_is_there(waiting: bytes, size: int | None) -> None:
    assert find_frame(transport_with(waiting)) == size


async def test_what_came_before_the_end_is_taken_and_the_end_is_the_sdks() -> None:
    whole, half = b"\0\0\0\x0a\2\0\0\0ab", b"\0\0\0\x0a\2"

    assert find_frame(transport_with(whole, ended=True)) == 10
    assert find_frame(transport_with(half, ended=True)) is None
    assert find_frame(transport_with(b"", ended=True)) is None


async def test_a_frame_that_the_sdk_has_begun_with_is_the_sdks() -> None:
    assert find_frame(transport_with(b"\0\0\0\x0a\2\0\0\0ab", begun=b"\0\0")) is None


def test_where_there_is_no_stream_the_sdk_reads() -> None:
    assert find_frame(SimpleNamespace()) is None
    assert find_frame(SimpleNamespace(reader=None)) is None


@pytest.mark.parametrize(
    ("beat", "renewal", "expected"),
    [
        (None, None, 5.0),
        (120.0, 360, 5.0),  # of Event Hubs: it closes what was silent for 240 s, and a token is good for an hour
        (4.0, 360, 2.0),
        (120.0, 3, 1.5),
        (120.0, 0, 0.2),  # a token that is good for less than 10 s: as often as the SDK
    ],
)
def test_a_receiver_looks_before_a_heartbeat_or_a_token_is_due(
    beat: float | None, renewal: int | None, expected: float
) -> None:
    receiver = SimpleNamespace(
        _connection=SimpleNamespace(_remote_idle_timeout_send_frame=beat, _socket_timeout=0.2),
        _cbs_authenticator=SimpleNamespace(_refresh_window=renewal),
    )

    assert receiving.BoundedReceiver._seconds_without_a_look.fget(receiver) == expected
