"""A peer of the Event Hubs emulator that writes AMQP frames by hand, so that it can do what no client library would."""

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from collector.emulators.event_hubs import EventHubsEmulator
from collector.emulators.event_hubs.decoding import decode_value
from collector.emulators.event_hubs.encoding import encode_value
from collector.emulators.event_hubs.frames import AMQP_HEADER, FrameCutter, encode_frame
from collector.emulators.event_hubs.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    Performative,
    Transfer,
    decode_performative,
)
from collector.emulators.event_hubs.wire_types import Described, ULong

HUB = "insights"
READER_ADDRESS = f"{HUB}/ConsumerGroups/$Default/Partitions/0"
SOURCE, TARGET = ULong(0x28), ULong(0x29)
DATA_SECTION = b"\x00\x53\x75"

type Received = tuple[int, Performative, bytes]


class RawPeer:
    """A peer that sends what it is told and reads only when asked to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._cutter = FrameCutter(2**32)
        self._waiting: deque[Received] = deque()
        self.empty_frames = 0
        self.largest_frame = 0
        self.field_counts: dict[type[Performative], int] = {}

    def send(self, *parts: bytes | Performative, channel: int = 0) -> None:
        for part in parts:
            self._writer.write(encode_frame(channel, part) if isinstance(part, Performative) else part)

    async def read_exactly(self, size: int) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readexactly(size)

    async def receive(self) -> Received:
        """Return the next performative with its channel and payload."""
        async with asyncio.timeout(10):
            while not self._waiting:
                data = await self._reader.read(2**18)
                if not data:
                    raise EOFError
                self._take(data)
        return self._waiting.popleft()

    async def expect[P: Performative](self, kind: type[P]) -> P:
        """Return the next performative, which must be of this kind."""
        _, performative, _ = await self.receive()
        assert isinstance(performative, kind), performative
        return performative

    async def expect_message(self) -> tuple[Transfer, bytes]:
        """Return a whole message and its first transfer."""
        _, first, payload = await self.receive()
        assert isinstance(first, Transfer), first
        more = first.more
        while more:
            _, transfer, part = await self.receive()
            assert isinstance(transfer, Transfer)
            payload += part
            more = transfer.more
        return first, payload

    async def expect_end_of_stream(self) -> None:
        async with asyncio.timeout(10):
            assert await self._reader.read() == b""

    async def expect_empty_frames(self, count: int) -> None:
        """See that many frames without a performative arrive, and nothing else."""
        async with asyncio.timeout(10):
            while self.empty_frames < count:
                self._take(await self._reader.read(2**18))
        assert not self._waiting

    async def expect_silence(self) -> None:
        """See that all that is sent has been handled and nothing was sent for it: an echo comes back first."""
        self.send(Flow(1, 5000, 0, 5000, echo=True))
        flow = await self.expect(Flow)
        assert flow.handle is None

    async def open(self, **begin: int) -> None:
        """Open a connection and a session on channel 0."""
        self.send(AMQP_HEADER, Open("raw-peer", max_frame_size=begin.pop("max_frame_size", 65536)))
        self.send(Begin(None, 0, begin.pop("incoming_window", 5000), 5000))
        assert await self.read_exactly(8) == AMQP_HEADER
        await self.expect(Open)
        await self.expect(Begin)

    async def attach_reader(self, handle: int = 0, address: str = READER_ADDRESS, channel: int = 0) -> Attach:
        source = Described(SOURCE, [address])
        target = Described(TARGET, ["here"])
        self.send(Attach(f"reader-{handle}", handle, role=True, source=source, target=target), channel=channel)
        return await self.expect(Attach)

    async def attach_producer(self, handle: int = 0, address: str = f"{HUB}/Partitions/0") -> Flow:
        source, target = Described(SOURCE, ["here"]), Described(TARGET, [address])
        self.send(
            Attach(f"producer-{handle}", handle, role=False, source=source, target=target, initial_delivery_count=0)
        )
        await self.expect(Attach)
        return await self.expect(Flow)

    def _take(self, data: bytes) -> None:
        self._cutter.feed(data)
        for frame in self._cutter.take_frames():
            self.largest_frame = max(self.largest_frame, len(frame.body) + 8)
            if frame.body:
                performative, payload = decode_performative(frame.body)
                self._waiting.append((frame.channel, performative, payload))
                fields, _ = decode_value(frame.body)
                self.field_counts[type(performative)] = len(fields.value)
            else:
                self.empty_frames += 1


@asynccontextmanager
async def connected(emulator: EventHubsEmulator) -> AsyncIterator[RawPeer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
    try:
        yield RawPeer(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def peer(emulator: EventHubsEmulator) -> AsyncIterator[RawPeer]:
    """A peer with a session."""
    async with connected(emulator) as raw:
        await raw.open()
        yield raw


def credit(amount: int, *, handle: int = 0, delivery_count: int = 0, **session: int | bool) -> Flow:
    """Return a flow that grants credit to a reader's link; the session's part is that of a peer that read nothing."""
    flow = Flow(1, 5000, 0, 5000, handle=handle, delivery_count=delivery_count, link_credit=amount)
    for name, value in session.items():
        setattr(flow, name, value)
    return flow


def event(body: bytes) -> bytes:
    return DATA_SECTION + encode_value(body)


def body_of(message: bytes) -> object:
    return decode_value(message, message.index(DATA_SECTION) + len(DATA_SECTION))[0]


def frame(body: bytes, *, offset: int = 2, kind: int = 0, channel: int = 0, size: int | None = None) -> bytes:
    return struct.pack(">IBBH", len(body) + 8 if size is None else size, offset, kind, channel) + body


def condition_of(performative: Close | End | Detach) -> object:
    """Return the condition of the error that a performative carries."""
    assert isinstance(performative.error, Described)
    assert performative.error.descriptor == 0x1D
    assert isinstance(performative.error.value, list)
    return performative.error.value[0]


def rejection_of(disposition: Disposition) -> object:
    """Return the condition a delivery was rejected with."""
    assert disposition.settled
    assert isinstance(disposition.state, Described)
    assert disposition.state.descriptor == 0x25
    (error,) = disposition.state.value
    return error.value[0]
