"""Frames of AMQP 1.0: cutting the bytes of a connection into them, and writing them.

Source: OASIS AMQP 1.0, part 2, section 2.3 (framing), part 5, section 5.3 (SASL frames).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from collector.emulators.event_hubs.errors import Condition, PeerError
from collector.emulators.event_hubs.performatives import Performative

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
HEADER_SIZE = 8
AMQP_FRAME = 0
SASL_FRAME = 1
EMPTY_FRAME = b"\x00\x00\x00\x08\x02\x00\x00\x00"

_FRAME = struct.Struct(">IBBH")
_MIN_DATA_OFFSET = 2

# A transfer of eleven fields: handle, delivery-id, delivery-tag (4 bytes), message-format 0, settled, more, and five
# fields that never change. Written by hand because it is the only performative whose cost is felt.
_TRANSFER = struct.Struct(">IBBH7sI1sI2sI1sBB5s")
_TRANSFER_START = b"\x00\x53\x14\xc0\x19\x0b\x70"
_TRANSFER_END = b"\x40\x40\x42\x42\x42"
_BOOLEANS = (0x42, 0x41)
TRANSFER_OVERHEAD = _TRANSFER.size


class Frame(NamedTuple):
    """One frame: its type, its channel and what follows its header."""

    kind: int
    channel: int
    body: bytes


class FrameCutter:
    """Cuts a stream of bytes into protocol headers and frames.

    Frames longer than `max_frame_size` bytes are a framing error: a peer cannot make this side hold more than that.
    """

    def __init__(self, max_frame_size: int) -> None:
        self._max_frame_size = max_frame_size
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take in what the peer sent."""
        self._buffer += data

    def take_header(self) -> bytes | None:
        """Return the protocol header at the front, or None while it is incomplete."""
        if len(self._buffer) < HEADER_SIZE and b"AMQP".startswith(self._buffer[:4]):
            return None
        header = bytes(self._buffer[:HEADER_SIZE])
        del self._buffer[:HEADER_SIZE]
        return header

    def take_frames(self) -> Iterator[Frame]:
        """Yield each complete frame and forget it; the rest stays for the next time.

        Raises:
            PeerError: for a frame that cannot be one.
        """
        position = 0
        buffer = self._buffer
        try:
            while len(buffer) - position >= HEADER_SIZE:
                size, offset, kind, channel = _FRAME.unpack_from(buffer, position)
                self._check(size, offset)
                if len(buffer) - position < size:
                    break
                body = bytes(buffer[position + 4 * offset : position + size])
                position += size
                yield Frame(kind, channel, body)
        finally:
            del buffer[:position]

    def _check(self, size: int, offset: int) -> None:
        if size > self._max_frame_size:
            raise PeerError(Condition.FRAMING_ERROR, f"a frame of {size} bytes is too long")
        if offset < _MIN_DATA_OFFSET or 4 * offset > size:
            raise PeerError(Condition.FRAMING_ERROR, "a frame's header is wrong")


def encode_frame(channel: int, performative: Performative) -> bytes:
    """Write a frame of one performative."""
    body = performative.encode()
    return _FRAME.pack(HEADER_SIZE + len(body), _MIN_DATA_OFFSET, AMQP_FRAME, channel) + body


def encode_sasl_frame(body: bytes) -> bytes:
    """Write a SASL frame."""
    return _FRAME.pack(HEADER_SIZE + len(body), _MIN_DATA_OFFSET, SASL_FRAME, 0) + body


def encode_transfer(  # noqa: PLR0913  # the fields of the performative
    channel: int, handle: int, delivery_id: int, size: int, *, settled: bool, more: bool
) -> bytes:
    """Write everything of a transfer frame but its payload of `size` bytes."""
    return _TRANSFER.pack(
        TRANSFER_OVERHEAD + size,
        _MIN_DATA_OFFSET,
        AMQP_FRAME,
        channel,
        _TRANSFER_START,
        handle,
        b"\x70",
        delivery_id,
        b"\xa0\x04",
        delivery_id,
        b"\x43",
        _BOOLEANS[settled],
        _BOOLEANS[more],
        _TRANSFER_END,
    )
