"""The emulator keeps the rules of AMQP 1.0 towards peers that are slow, odd or hostile.

What is expected comes from OASIS AMQP 1.0, part 2 (transport). The peer here writes frames by hand, so that it can do
what no client library would.
"""

import asyncio
import os
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.emulators.event_hubs.decoding import decode_value
from collector.emulators.event_hubs.encoding import encode_value
from collector.emulators.event_hubs.frames import AMQP_HEADER, SASL_HEADER, FrameCutter, encode_frame
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
from collector.emulators.event_hubs.wire_types import Array, Described, Symbol, ULong

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


class TestHandshake:
    @pytest.mark.parametrize("mechanism", ["ANONYMOUS", "MSSBCBS", "PLAIN", "EXTERNAL"])
    async def test_every_sasl_mechanism_of_the_clients_is_taken(
        self, emulator: EventHubsEmulator, mechanism: str
    ) -> None:
        async with connected(emulator) as peer:
            init = encode_value(Described(ULong(0x41), [Symbol(mechanism), b"", "localhost"]))
            peer.send(SASL_HEADER, struct.pack(">IBBH", len(init) + 8, 2, 1, 0) + init)
            assert await peer.read_exactly(8) == SASL_HEADER
            offered = await self.read_sasl(peer, 0x40)
            assert isinstance(offered[0], Array)
            assert mechanism in offered[0].items
            assert (await self.read_sasl(peer, 0x44))[0] == 0  # the outcome: ok
            await peer.open()

    async def test_sasl_may_be_left_out(self, emulator: EventHubsEmulator) -> None:
        async with connected(emulator) as peer:
            await peer.open()

    async def test_the_header_may_come_in_pieces(self, emulator: EventHubsEmulator) -> None:
        async with connected(emulator) as peer:
            for byte in AMQP_HEADER:
                peer.send(bytes((byte,)))
                await asyncio.sleep(0)
            assert await peer.read_exactly(8) == AMQP_HEADER

    async def test_a_sign_of_life_is_sent_to_a_peer_that_asks_for_one(self, emulator: EventHubsEmulator) -> None:
        async with connected(emulator) as peer:
            peer.send(AMQP_HEADER, Open("raw-peer", idle_time_out=400))
            assert await peer.read_exactly(8) == AMQP_HEADER
            await peer.expect(Open)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await peer.receive()
            assert peer.empty_frames >= 2

    @staticmethod
    async def read_sasl(peer: RawPeer, code: int) -> list[object]:
        size, _, kind, _ = struct.unpack(">IBBH", await peer.read_exactly(8))
        value, _ = decode_value(await peer.read_exactly(size - 8))
        assert kind == 1
        assert isinstance(value, Described)
        assert value.descriptor == code
        assert isinstance(value.value, list)
        return value.value


def frame(body: bytes, *, offset: int = 2, kind: int = 0, channel: int = 0, size: int | None = None) -> bytes:
    return struct.pack(">IBBH", len(body) + 8 if size is None else size, offset, kind, channel) + body


HOSTILE: dict[str, tuple[list[bytes | Performative], str]] = {
    "a frame longer than was agreed": ([frame(b"", size=2**31)], "amqp:connection:framing-error"),
    "a frame shorter than its header": ([frame(b"", size=4)], "amqp:connection:framing-error"),
    "a data offset inside the header": ([frame(b"\0", offset=1)], "amqp:connection:framing-error"),
    "a data offset behind the end": ([frame(b"", offset=200)], "amqp:connection:framing-error"),
    "a SASL frame after SASL": ([frame(b"\x40", kind=1)], "amqp:connection:framing-error"),
    "a body that is no performative": ([frame(b"\x40")], "amqp:decode-error"),
    "a performative nobody knows": ([frame(b"\x00\x53\x99\x45")], "amqp:decode-error"),
    "a performative cut short": ([frame(b"\x00\x53\x12\xc0\xff\x0e")], "amqp:decode-error"),
    "a list that counts four thousand million items": (
        [frame(b"\x00\x53\x12\xd0\x00\x00\x00\x04\xff\xff\xff\xff")],
        "amqp:decode-error",
    ),
    "random bytes in a frame": ([frame(bytes(range(256)))], "amqp:decode-error"),
    "a field of a wrong type": (
        [Attach("x", 0, role=True, source=None, properties=None), frame(b"\x00\x53\x12\xc0\x04\x03\x43\x43\x41")],
        "amqp:decode-error",
    ),
    "a mandatory field left out": ([frame(b"\x00\x53\x13\x45")], "amqp:decode-error"),
    "a second OPEN": ([Open("again")], "amqp:illegal-state"),
    "a channel without a session": ([frame(b"\x00\x53\x17\xc0\x02\x01\x40", channel=9)], "amqp:not-allowed"),
    "a session begun twice": ([Begin(None, 0, 1, 1)], "amqp:not-allowed"),
}


class TestHostilePeers:
    @pytest.mark.parametrize("case", HOSTILE)
    async def test_a_peer_that_breaks_the_rules_is_told_why_and_closed(
        self, emulator: EventHubsEmulator, peer: RawPeer, case: str
    ) -> None:
        parts, condition = HOSTILE[case]
        async with connected(emulator) as hostile:
            await hostile.open()
            hostile.send(*parts)
            while not isinstance((received := await hostile.receive())[1], Close):
                assert isinstance(received[1], Attach | Detach)
            assert condition_of(received[1]) == condition
            await hostile.expect_end_of_stream()
        await peer.expect_silence()  # the others go on

    @pytest.mark.parametrize(
        "garbage",
        [
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01",
            b"AMQP\x02\x01\x00\x00",
            b"AMQP\x00\x09\x09\x09",
        ],
        ids=["HTTP", "TLS", "AMQP over TLS", "a later AMQP"],
    )
    async def test_another_protocol_is_answered_with_the_header_spoken_here(
        self, emulator: EventHubsEmulator, garbage: bytes
    ) -> None:
        async with connected(emulator) as hostile:
            hostile.send(garbage)
            assert await hostile.read_exactly(8) == AMQP_HEADER
            await hostile.expect_end_of_stream()

    async def test_a_frame_before_open_is_refused(self, emulator: EventHubsEmulator) -> None:
        async with connected(emulator) as hostile:
            hostile.send(AMQP_HEADER, Begin(None, 0, 1, 1))
            assert await hostile.read_exactly(8) == AMQP_HEADER
            await hostile.expect(Open)
            assert condition_of(await hostile.expect(Close)) == "amqp:illegal-state"

    async def test_random_bytes_never_end_the_server(self, emulator: EventHubsEmulator, peer: RawPeer) -> None:
        for seed in range(50):
            async with connected(emulator) as hostile:
                hostile.send(AMQP_HEADER, *([Open("x"), Begin(None, 0, 9, 9)] if seed % 2 else []), os.urandom(400))
                assert await hostile.read_exactly(8) == AMQP_HEADER
        await peer.expect_silence()

    async def test_a_peer_that_vanishes_frees_its_partition(self, emulator: EventHubsEmulator) -> None:
        for _ in range(10):  # five readers may be there at once
            async with connected(emulator) as raw:
                await raw.open()
                assert (await raw.attach_reader()).source is not None

    async def test_a_peer_that_never_takes_its_answers_loses_its_link(self, peer: RawPeer) -> None:
        node = Described(SOURCE, ["$cbs"])
        there = Described(TARGET, ["$cbs"])
        peer.send(Attach("answers", 0, role=True, source=node, target=there))
        peer.send(Attach("requests", 1, role=False, source=node, target=there, initial_delivery_count=0))
        for _ in range(2):
            await peer.expect(Attach)
        await peer.expect(Flow)
        for number in range(1100):
            peer.send(Transfer(1, number, b"t", 0, settled=True))
        while not isinstance((received := await peer.receive())[1], Detach):
            assert isinstance(received[1], Flow)
        assert condition_of(received[1]) == "amqp:resource-limit-exceeded"

    async def test_a_peer_that_asks_much_and_reads_late_gets_every_answer(self, peer: RawPeer) -> None:
        """Answers of 20 MB: more than the emulator holds, so that it must stop reading and go on again."""
        attach = Attach("large", 0, role=True, source=Described(SOURCE, ["$cbs"]), properties={"x": bytes(50_000)})
        asked = encode_frame(0, attach) + encode_frame(0, Detach(0, closed=True))
        peer.send(asked * 400)
        for _ in range(400):
            await peer.expect(Attach)
            await peer.expect(Detach)


class TestSessions:
    @pytest.mark.parametrize(
        ("parts", "condition"),
        [
            ([Transfer(7, 0, b"0", 0)], "amqp:session:unattached-handle"),
            ([credit(1, handle=7)], "amqp:session:unattached-handle"),
            ([Detach(7)], "amqp:session:unattached-handle"),
            ([Attach("a", 0, role=True)] * 2, "amqp:session:handle-in-use"),
            ([Attach("a", 4000, role=True)], "amqp:not-allowed"),
        ],
    )
    async def test_a_broken_rule_ends_the_session_and_not_the_connection(
        self, peer: RawPeer, parts: list[Performative], condition: str
    ) -> None:
        peer.send(Begin(None, 0, 5000, 5000), channel=3)
        await peer.expect(Begin)
        peer.send(*parts, channel=3)
        while not isinstance((received := await peer.receive())[1], End):
            assert isinstance(received[1], Attach | Detach)
        assert received[0] == 3
        assert condition_of(received[1]) == condition
        await peer.expect_silence()  # on the session of channel 0

    async def test_a_channel_can_be_used_again(self, peer: RawPeer) -> None:
        for _ in range(3):
            peer.send(Begin(None, 0, 5000, 5000), End(), channel=1)
            assert (await peer.expect(Begin)).remote_channel == 1
            await peer.expect(End)

    async def test_a_handle_can_be_used_again(self, peer: RawPeer) -> None:
        for _ in range(3):
            await peer.attach_reader()
            peer.send(Detach(0, closed=True))
            assert (await peer.expect(Detach)).closed

    async def test_delivery_ids_count_over_all_links_of_a_session(
        self, emulator: EventHubsEmulator, peer: RawPeer
    ) -> None:
        await peer.attach_reader(0)
        await peer.attach_reader(1, f"{HUB}/ConsumerGroups/$Default/Partitions/1")
        peer.send(credit(10, handle=0), credit(10, handle=1))
        await peer.expect_silence()
        for number in range(10):
            emulator.append(HUB, str(number % 2), b"x")
        ids = [(await peer.expect_message())[0].delivery_id for _ in range(10)]
        assert ids == list(range(ids[0] or 0, (ids[0] or 0) + 10))

    async def test_no_more_transfers_are_sent_than_the_window_takes(self, emulator: EventHubsEmulator) -> None:
        for number in range(10):
            emulator.append(HUB, "0", b"%d" % number)
        async with connected(emulator) as peer:
            await peer.open(incoming_window=3)
            await peer.attach_reader()
            peer.send(credit(100, incoming_window=3))
            first = [body_of((await peer.expect_message())[1]) for _ in range(3)]
            peer.send(Flow(4, 0, 0, 5000, echo=True))
            await peer.expect(Flow)
            peer.send(Flow(4, 2, 0, 5000))
            then = [body_of((await peer.expect_message())[1]) for _ in range(2)]
            peer.send(Flow(6, 0, 0, 5000, echo=True))
            await peer.expect(Flow)
        assert first + then == [b"%d" % number for number in range(5)]

    async def test_a_message_longer_than_the_window_is_sent_in_parts(self, emulator: EventHubsEmulator) -> None:
        body = os.urandom(5000)
        emulator.append(HUB, "0", body)
        async with connected(emulator) as peer:
            await peer.open(max_frame_size=512, incoming_window=4)
            await peer.attach_reader()
            peer.send(credit(1, incoming_window=4))
            message, seen, more = b"", 0, True
            while more:
                _, transfer, part = await peer.receive()
                assert isinstance(transfer, Transfer)
                message, seen, more = message + part, seen + 1, transfer.more
                if seen % 4 == 0:
                    peer.send(Flow(1 + seen, 4, 0, 5000))
            assert peer.largest_frame <= 512
        assert body_of(message) == body


class TestReaders:
    async def test_no_more_messages_are_sent_than_there_is_credit_for(
        self, emulator: EventHubsEmulator, peer: RawPeer
    ) -> None:
        for number in range(5):
            emulator.append(HUB, "0", b"%d" % number)
        await peer.attach_reader()
        peer.send(credit(2))
        bodies = [body_of((await peer.expect_message())[1]) for _ in range(2)]
        await peer.expect_silence()
        peer.send(credit(1, delivery_count=2))
        bodies.append(body_of((await peer.expect_message())[1]))
        await peer.expect_silence()
        assert bodies == [b"0", b"1", b"2"]

    async def test_credit_that_finds_no_event_is_given_back_when_drained(
        self, emulator: EventHubsEmulator, peer: RawPeer
    ) -> None:
        emulator.append(HUB, "0", b"only")
        await peer.attach_reader()
        peer.send(credit(10, drain=True))
        assert body_of((await peer.expect_message())[1]) == b"only"
        flow = await peer.expect(Flow)
        assert (flow.handle, flow.delivery_count, flow.link_credit, flow.drain) == (0, 10, 0, True)

    async def test_a_slow_reader_is_held_back_and_not_buffered_for(self) -> None:
        """Events of 200 MB pass a reader that reads nothing: what it gets later is only what was never sent."""
        sent, size = 200, 1_000_000
        async with EventHubsEmulator([Hub(HUB, 1, retention_bytes=2_000_000)]) as emulator, connected(emulator) as slow:
            await slow.open(max_frame_size=2**20)
            await slow.attach_reader()
            slow.send(credit(10_000))
            for number in range(sent):
                emulator.append(HUB, "0", b"%06d" % number + bytes(size - 6))
                await asyncio.sleep(0)
            got = 0
            while True:
                _, message = await slow.expect_message()
                got += 1
                if bytes(body_of(message))[:6] == b"%06d" % (sent - 1):
                    break
        assert got < 40  # a few megabytes in the sockets' buffers, a few here


async def test_every_field_of_every_performative_is_sent(emulator: EventHubsEmulator, peer: RawPeer) -> None:
    """The Python SDK reads performatives by position: a list cut short breaks it."""
    emulator.append(HUB, "0", b"x")
    await peer.attach_reader(0)
    peer.send(credit(1))
    await peer.expect_message()
    await peer.attach_producer(1)
    peer.send(frame(Transfer(1, 0, b"a", 0).encode() + event(b"x")))
    await peer.expect(Disposition)
    peer.send(Detach(0, closed=True), End(), Close())
    await peer.expect(Detach)
    await peer.expect(End)
    await peer.expect(Close)
    assert peer.field_counts == {
        Open: 10,
        Begin: 8,
        Attach: 14,
        Flow: 11,
        Transfer: 11,
        Disposition: 6,
        Detach: 3,
        End: 1,
        Close: 1,
    }


class TestProducers:
    async def test_a_message_in_many_small_frames_is_put_together(
        self, emulator: EventHubsEmulator, peer: RawPeer
    ) -> None:
        await peer.attach_producer()
        message = event(os.urandom(20_000))
        parts = [message[start : start + 500] for start in range(0, len(message), 500)]
        for part in parts:
            head = Transfer(0, 5, b"tag", 0, more=part is not parts[-1])
            peer.send(frame(head.encode() + part))
        accepted = await peer.expect(Disposition)
        assert (accepted.role, accepted.first, accepted.settled) == (True, 5, True)
        assert accepted.state == Described(ULong(0x24), [])
        assert emulator.last_sequence_number(HUB, "0") == 0

    async def test_an_aborted_message_leaves_nothing(self, emulator: EventHubsEmulator, peer: RawPeer) -> None:
        await peer.attach_producer()
        peer.send(frame(Transfer(0, 0, b"a", 0, more=True).encode() + event(b"half")[:5]))
        peer.send(Transfer(0, 0, b"a", 0, aborted=True))
        peer.send(frame(Transfer(0, 1, b"b", 0).encode() + event(b"whole")))
        assert (await peer.expect(Disposition)).first == 1
        assert emulator.last_sequence_number(HUB, "0") == 0

    async def test_a_settled_message_needs_no_answer(self, emulator: EventHubsEmulator, peer: RawPeer) -> None:
        await peer.attach_producer()
        peer.send(frame(Transfer(0, 0, b"a", 0, settled=True).encode() + event(b"x")))
        await peer.expect_silence()
        assert emulator.last_sequence_number(HUB, "0") == 0

    @pytest.mark.parametrize(
        ("payload", "message_format"),
        [
            (b"rubbish", 0),
            (b"\x00\x53\x20\x45", 0),
            (event(b"not a message"), 0x80013700),
            (b"\x00\x53\x75\xa0\xff", 0),
        ],
    )
    async def test_what_is_no_message_is_rejected_and_the_link_goes_on(
        self, emulator: EventHubsEmulator, peer: RawPeer, payload: bytes, message_format: int
    ) -> None:
        await peer.attach_producer()
        peer.send(frame(Transfer(0, 0, b"a", message_format).encode() + payload))
        assert rejection_of(await peer.expect(Disposition)) == "amqp:decode-error"
        peer.send(frame(Transfer(0, 1, b"b", 0).encode() + event(b"x")))
        await peer.expect(Disposition)
        assert emulator.last_sequence_number(HUB, "0") == 0

    async def test_a_message_over_the_limit_is_rejected_and_the_link_goes_on(
        self, emulator: EventHubsEmulator, peer: RawPeer
    ) -> None:
        await peer.attach_producer()
        message = event(bytes(2**20))
        for start in range(0, len(message), 60_000):
            more = start + 60_000 < len(message)
            peer.send(frame(Transfer(0, 0, b"a", 0, more=more).encode() + message[start : start + 60_000]))
        assert rejection_of(await peer.expect(Disposition)) == "amqp:link:message-size-exceeded"
        peer.send(frame(Transfer(0, 1, b"b", 0).encode() + event(b"x")))
        await peer.expect(Disposition)
        assert emulator.last_sequence_number(HUB, "0") == 0


class TestRequests:
    async def test_an_answer_goes_to_the_link_that_the_request_names(self, peer: RawPeer) -> None:
        node = Described(SOURCE, ["$management"])
        for handle, name in enumerate(("first", "second")):
            peer.send(
                Attach(name, handle, role=True, source=node, target=Described(TARGET, [name])), credit(9, handle=handle)
            )
            await peer.expect(Attach)
        peer.send(
            Attach("requests", 2, role=False, target=Described(TARGET, ["$management"]), initial_delivery_count=0)
        )
        await peer.expect(Attach)
        await peer.expect(Flow)
        properties = b"\x00\x53\x73" + encode_value([7, None, None, None, "second"])
        fields = encode_value({"operation": "READ", "type": "com.microsoft:eventhub", "name": HUB})
        request = properties + b"\x00\x53\x74" + fields + b"\x00\x53\x77\x40"
        peer.send(frame(Transfer(2, 0, b"a", 0, settled=True).encode() + request))
        transfer, answer = await peer.expect_message()
        assert transfer.handle == 1
        sections, end = decode_value(answer, 3)
        assert isinstance(sections, list)
        assert sections[5] == 7  # the correlation id
        status, _ = decode_value(answer, end + 3)
        assert isinstance(status, dict)
        assert status["status-code"] == 200


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


async def test_a_stopped_emulator_closes_its_connections(
    clock: Callable[[], object], emulator: EventHubsEmulator, peer: RawPeer
) -> None:
    await emulator.stop()
    assert condition_of(await peer.expect(Close)) == "amqp:connection:forced"
    await peer.expect_end_of_stream()
