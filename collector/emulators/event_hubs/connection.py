"""One connection of a client: frames in, frames out, and everything that can go wrong between.

Promised: whatever the peer sends, the worst that happens is that its own connection is closed with an error that says
why. A peer that reads slowly is sent no more than it takes; one that asks without ever reading is no longer read.

Source: OASIS AMQP 1.0, part 2, section 2.4 (connections).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import cast, override

from collector.emulators.event_hubs.access import Access
from collector.emulators.event_hubs.decoding import DecodeError
from collector.emulators.event_hubs.endpoints import AnswerLink
from collector.emulators.event_hubs.errors import AmqpError, Condition, PeerError, SessionError
from collector.emulators.event_hubs.frames import AMQP_FRAME, EMPTY_FRAME, Frame, FrameCutter, encode_frame
from collector.emulators.event_hubs.handshake import Handshake, HeaderError
from collector.emulators.event_hubs.links import OutgoingLink
from collector.emulators.event_hubs.namespace import Namespace
from collector.emulators.event_hubs.outbox import Outbox
from collector.emulators.event_hubs.performatives import (
    Begin,
    Close,
    End,
    Open,
    Performative,
    decode_performative,
    describe_error,
)
from collector.emulators.event_hubs.session import Session

logger = logging.getLogger(__name__)

MAX_FRAME_SIZE = 65_536
MIN_MAX_FRAME_SIZE = 512
# The figures with which the service opens a connection; the last one asks for a sign of life every four minutes.
CHANNEL_MAX = 4999
IDLE_TIME_OUT_MS = 240_000
_LONGEST_CHECK_S = 60.0
_SHORTEST_CHECK_S = 0.1
# What one link may send before the next has its turn, and one connection before the loop has.
_LINK_TURN_BYTES = 64 * 1024
_CONNECTION_TURN_BYTES = 1024 * 1024
# Answers to requests go out whether or not the peer keeps up; at this many bytes it is not read any more.
_MAX_UNREAD_BYTES = 4 * 1024 * 1024
# A peer that was told to go has this long to take the last bytes.
_LINGER_S = 5.0


class Connection(asyncio.Protocol):
    """The server's side of one connection."""

    _transport: asyncio.Transport
    _outbox: Outbox
    _handshake: Handshake

    def __init__(self, namespace: Namespace, access: Access, on_closed: Callable[["Connection"], None]) -> None:
        self.namespace = namespace
        self.access = access
        self.peer_max_frame_size = MIN_MAX_FRAME_SIZE
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._cutter = FrameCutter(MAX_FRAME_SIZE)
        self._sessions: dict[int, Session | None] = {}  # None: ended from this side, the peer's END is awaited
        self._opened = False
        self._closing = False
        self._ready: dict[OutgoingLink, None] = {}  # an ordered set: the links take turns
        self._pump_scheduled = False
        self._last_heard = self._loop.time()
        self._timers: list[asyncio.TimerHandle] = []

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._outbox = Outbox(self._transport)
        self._handshake = Handshake(self.write)
        self._watch_idleness(_LONGEST_CHECK_S)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Give everything back."""
        self._closing = True
        for timer in self._timers:
            timer.cancel()
        self._close_sessions()
        self._on_closed(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Handle what the peer sent."""
        if self._closing:
            return
        self._last_heard = self._loop.time()
        self._cutter.feed(data)
        try:
            self._read()
        except HeaderError:
            self._hang_up()
        except DecodeError as error:
            self._fail(PeerError(Condition.DECODE_ERROR, str(error)))
        except PeerError as error:
            self._fail(error)
        except Exception:  # the last line: no peer may end the server, whatever it found
            logger.exception("A connection failed for a reason of this side")
            self._fail(PeerError(Condition.INTERNAL_ERROR, "The emulator failed; its log says how."))
        # Above the high-water mark, so that `resume_writing` is sure to come and resumes reading.
        if self._outbox.full and self._outbox.count_unread_bytes() > _MAX_UNREAD_BYTES:
            self._transport.pause_reading()

    @override
    def eof_received(self) -> None:
        """Hang up when the peer does."""

    @override
    def pause_writing(self) -> None:
        """Send nothing optional for now."""
        self._outbox.full = True

    @override
    def resume_writing(self) -> None:
        """Go on sending, and reading if that had stopped."""
        self._outbox.full = False
        if not self._closing:
            self._transport.resume_reading()
            self._schedule_pump()

    def write(self, data: bytes) -> None:
        """Send bytes, after those sent before."""
        self._outbox.write(data)

    def schedule(self, link: OutgoingLink) -> None:
        """Let a link send when its turn comes."""
        self._ready[link] = None
        if not self._pump_scheduled:
            self._schedule_pump()

    def unschedule(self, link: OutgoingLink) -> None:
        """Undo `schedule`."""
        self._ready.pop(link, None)

    def find_answer_link(self, node: str, reply_to: object) -> AnswerLink | None:
        """Return the link for a node's answers whose session is another than the request's."""
        sessions = [session for session in self._sessions.values() if session is not None]
        links = [link for session in sessions for link in session.answer_links() if link.node == node]
        return next((link for link in links if link.address == reply_to), links[0] if links else None)

    def shut_down(self) -> None:
        """Close from this side, because the emulator stops."""
        if not self._closing:
            self._fail(PeerError(Condition.CONNECTION_FORCED, "The emulator stops."))

    def abort(self) -> None:
        """Drop the connection at once."""
        self._transport.abort()

    def _read(self) -> None:
        while not self._handshake.done:
            if self._handshake.expects_frame:
                frame = next(self._cutter.take_frames(), None)
                if frame is None:
                    return
                self._handshake.on_frame(frame)
            else:
                header = self._cutter.take_header()
                if header is None:
                    return
                self._handshake.on_header(header)
        for frame in self._cutter.take_frames():
            self._on_frame(frame)
            if self._closing:
                return

    def _on_frame(self, frame: Frame) -> None:
        if frame.kind != AMQP_FRAME:
            raise PeerError(Condition.FRAMING_ERROR, "An AMQP frame was expected.")
        if not frame.body:
            return  # a sign of life
        performative, payload = decode_performative(frame.body)
        if isinstance(performative, Open):
            self._on_open(performative)
        elif not self._opened:
            raise PeerError(Condition.ILLEGAL_STATE, "OPEN was expected.")
        elif isinstance(performative, Close):
            self._on_close()
        elif isinstance(performative, Begin):
            self._on_begin(frame.channel, performative)
        else:
            self._on_session_frame(frame.channel, performative, payload)

    def _on_open(self, peer: Open) -> None:
        if self._opened:
            raise PeerError(Condition.ILLEGAL_STATE, "The connection is open already.")
        self._opened = True
        if peer.max_frame_size is not None and peer.max_frame_size < MIN_MAX_FRAME_SIZE:
            self._send_open()
            raise PeerError(Condition.INVALID_FIELD, f"Frames cannot be shorter than {MIN_MAX_FRAME_SIZE}.")
        self.peer_max_frame_size = peer.max_frame_size or 2**32 - 1
        self._send_open()
        if peer.idle_time_out:
            interval = peer.idle_time_out / 2000
            self._keep_alive(min(max(interval, _SHORTEST_CHECK_S), _LONGEST_CHECK_S))

    def _send_open(self) -> None:
        answer = Open(
            container_id="event-hubs-emulator",
            max_frame_size=MAX_FRAME_SIZE,
            channel_max=CHANNEL_MAX,
            idle_time_out=IDLE_TIME_OUT_MS,
        )
        self.write(encode_frame(0, answer))

    def _on_close(self) -> None:
        self.write(encode_frame(0, Close()))
        self._hang_up()

    def _on_begin(self, channel: int, begin: Begin) -> None:
        if channel > CHANNEL_MAX or channel in self._sessions or begin.remote_channel is not None:
            raise PeerError(Condition.NOT_ALLOWED, f"No session can begin on channel {channel}.")
        session = Session(self, channel, begin)
        self._sessions[channel] = session
        session.begin()

    def _on_session_frame(self, channel: int, performative: Performative, payload: bytes) -> None:
        if channel not in self._sessions:
            raise PeerError(Condition.NOT_ALLOWED, f"Channel {channel} has no session.")
        session = self._sessions[channel]
        if isinstance(performative, End):
            self._on_end(channel, session)
        elif session is not None:
            try:
                session.dispatch(performative, payload)
            except SessionError as error:
                session.close()
                self._sessions[channel] = None
                self.write(encode_frame(channel, End(describe_error(error))))

    def _on_end(self, channel: int, session: Session | None) -> None:
        del self._sessions[channel]
        if session is not None:
            session.close()
            self.write(encode_frame(channel, End()))

    def _fail(self, error: AmqpError) -> None:
        """Tell the peer why, and hang up."""
        if self._handshake.done:
            if not self._opened:
                self._send_open()
            self.write(encode_frame(0, Close(describe_error(error))))
        self._hang_up()

    def _hang_up(self) -> None:
        self._closing = True
        self._close_sessions()
        self._outbox.flush()
        self._transport.close()
        self._timers.append(self._loop.call_later(_LINGER_S, self._transport.abort))

    def _close_sessions(self) -> None:
        for session in self._sessions.values():
            if session is not None:
                session.close()
        self._sessions.clear()
        self._ready.clear()

    def _schedule_pump(self) -> None:
        self._pump_scheduled = True
        self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_scheduled = False
        if self._closing:
            return
        while self._ready and not self._outbox.full and self._outbox.pending_bytes < _CONNECTION_TURN_BYTES:
            link = next(iter(self._ready))
            del self._ready[link]
            if link.pump(_LINK_TURN_BYTES):
                self._ready[link] = None  # behind the others
        self._outbox.flush()
        if self._ready and not self._outbox.full and not self._pump_scheduled:
            self._schedule_pump()

    def _keep_alive(self, interval: float) -> None:
        if not self._closing:
            self.write(EMPTY_FRAME)
            self._set_timer(interval, self._keep_alive)

    def _watch_idleness(self, interval: float) -> None:
        if self._closing:
            return
        # Twice the time-out that was announced, since a peer is allowed to be late by the time a frame takes.
        if self._loop.time() - self._last_heard > 2 * IDLE_TIME_OUT_MS / 1000:
            self._fail(PeerError(Condition.RESOURCE_LIMIT_EXCEEDED, "The connection was idle for too long."))
            return
        self._set_timer(interval, self._watch_idleness)

    def _set_timer(self, interval: float, action: Callable[[float], None]) -> None:
        now = self._loop.time()
        self._timers = [timer for timer in self._timers if timer.when() > now and not timer.cancelled()]
        self._timers.append(self._loop.call_later(interval, action, interval))
