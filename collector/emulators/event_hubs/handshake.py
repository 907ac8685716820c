"""The protocol headers and the SASL exchange before the AMQP frames.

Every mechanism the clients know is offered and every answer accepted. A client may leave SASL out.

Source: OASIS AMQP 1.0, part 2, section 2.2 (version negotiation), part 5, section 5.3 (SASL).
"""

from collections.abc import Callable

from collector.emulators.event_hubs.decoding import decode_value
from collector.emulators.event_hubs.encoding import encode_list, encode_value
from collector.emulators.event_hubs.errors import Condition, PeerError
from collector.emulators.event_hubs.frames import AMQP_HEADER, SASL_FRAME, SASL_HEADER, Frame, encode_sasl_frame
from collector.emulators.event_hubs.wire_types import Array, Described, Symbol, UByte

_MECHANISMS = Array(tuple(Symbol(name) for name in ("ANONYMOUS", "MSSBCBS", "PLAIN", "EXTERNAL")))
_SASL_MECHANISMS, _SASL_INIT, _SASL_OUTCOME = 0x40, 0x41, 0x44
_OUTCOME_OK = 0


class HeaderError(Exception):
    """The peer speaks another protocol."""


class Handshake:
    """Leads a peer to the point where AMQP frames begin; `done` is true from there on."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._in_sasl = False
        self.done = False

    @property
    def expects_frame(self) -> bool:
        """Whether a SASL frame comes next, and not a protocol header."""
        return self._in_sasl

    def on_header(self, header: bytes) -> None:
        """Answer a protocol header.

        Raises:
            HeaderError: for any other protocol; the header spoken here has been sent then, as the specification asks.
        """
        if header == SASL_HEADER:
            self._in_sasl = True
            self._write(SASL_HEADER + encode_sasl_frame(_sasl(_SASL_MECHANISMS, _MECHANISMS)))
        elif header == AMQP_HEADER:
            self.done = True
            self._write(AMQP_HEADER)
        else:
            self._write(AMQP_HEADER)
            raise HeaderError

    def on_frame(self, frame: Frame) -> None:
        """Answer a SASL frame.

        Raises:
            PeerError: when it is no SASL-INIT.
        """
        value, _ = decode_value(frame.body)
        if frame.kind != SASL_FRAME or not isinstance(value, Described) or value.descriptor != _SASL_INIT:
            raise PeerError(Condition.ILLEGAL_STATE, "SASL-INIT was expected.")
        self._in_sasl = False
        self._write(encode_sasl_frame(_sasl(_SASL_OUTCOME, UByte(_OUTCOME_OK), None)))


def _sasl(code: int, *fields: object) -> bytes:
    return b"\x00\x53" + bytes((code,)) + encode_list([encode_value(field) for field in fields])
