"""The emulator survives peers that break the rules of AMQP 1.0, and tells them which.

What is expected comes from OASIS AMQP 1.0, part 2 (transport).
"""

import os

import pytest
from plugins.raw_peer import SOURCE, TARGET, RawPeer, condition_of, connected, frame

from collector.emulators.event_hubs import EventHubsEmulator
from collector.emulators.event_hubs.frames import AMQP_HEADER, encode_frame
from collector.emulators.event_hubs.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Flow,
    Open,
    Performative,
    Transfer,
)
from collector.emulators.event_hubs.wire_types import Described

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
