"""The emulator keeps the rules of AMQP 1.0 towards peers that are slow or odd.

What is expected comes from OASIS AMQP 1.0, part 2 (transport).
"""

import asyncio
import os
import struct
from collections.abc import Callable

import pytest
from plugins.raw_peer import (
    HUB,
    SOURCE,
    TARGET,
    RawPeer,
    body_of,
    condition_of,
    connected,
    credit,
    event,
    frame,
    rejection_of,
)

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.emulators.event_hubs.decoding import decode_value
from collector.emulators.event_hubs.encoding import encode_value
from collector.emulators.event_hubs.frames import AMQP_HEADER, SASL_HEADER
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
)
from collector.emulators.event_hubs.wire_types import Array, Described, Symbol, ULong


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
            await peer.expect_empty_frames(2)

    @staticmethod
    async def read_sasl(peer: RawPeer, code: int) -> list[object]:
        size, _, kind, _ = struct.unpack(">IBBH", await peer.read_exactly(8))
        value, _ = decode_value(await peer.read_exactly(size - 8))
        assert kind == 1
        assert isinstance(value, Described)
        assert value.descriptor == code
        assert isinstance(value.value, list)
        return value.value


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


async def test_a_stopped_emulator_closes_its_connections(
    clock: Callable[[], object], emulator: EventHubsEmulator, peer: RawPeer
) -> None:
    await emulator.stop()
    assert condition_of(await peer.expect(Close)) == "amqp:connection:forced"
    await peer.expect_end_of_stream()
