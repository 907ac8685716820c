"""The two directions of a link, whatever is at its end: credit, deliveries, settlement.

An outgoing link sends when it has something, credit, room in the session's window and room in the connection. An
incoming link puts the parts of a message together, rejects what is too long, and keeps the peer in credit.

Source: OASIS AMQP 1.0, part 2, section 2.6 (links).
"""

from abc import ABC, abstractmethod
from typing import Protocol

from collector.emulators.event_hubs.decoding import DecodeError
from collector.emulators.event_hubs.errors import Condition, LinkError
from collector.emulators.event_hubs.performatives import (
    ACCEPTED,
    Disposition,
    Flow,
    Performative,
    Transfer,
    build_rejected,
)
from collector.emulators.event_hubs.wire_types import Described

# What the service allows on its standard tier: 1 MiB for a publication.
MAX_MESSAGE_SIZE = 1024 * 1024
# A producer may send this many messages ahead; they are handled as they come, so credit bounds no memory here.
INCOMING_CREDIT = 1000
_SERIAL = 1 << 32


class LinkSession(Protocol):
    """What a link needs of its session."""

    def send(self, performative: Performative) -> None:
        """Send a performative on the session's channel."""
        ...

    def build_flow(self, *, handle: int, delivery_count: int, link_credit: int, drain: bool = False) -> Flow:
        """Return a flow with the session's windows and this link state."""
        ...

    def start_delivery(self) -> int:
        """Return the id of a new delivery."""
        ...

    def transfer(self, handle: int, delivery_id: int, payload: bytes, *, settled: bool) -> bytes:
        """Send as much of a delivery as the window allows; return the rest."""
        ...

    def schedule(self, link: "OutgoingLink") -> None:
        """Have `link.pump` called soon, when the connection has room."""
        ...

    def detach(self, link: "Link", error: LinkError) -> None:
        """End a link from this side."""
        ...


class Link(ABC):
    """One link of a session. Its handle is the same on both sides."""

    def __init__(self, session: LinkSession, handle: int) -> None:
        self.session = session
        self.handle = handle

    @abstractmethod
    def on_flow(self, flow: Flow) -> None:
        """Take in the peer's link state."""

    def close(self) -> None:  # noqa: B027  # most links hold nothing
        """Give back what the link holds; it is over."""

    def lose(self, error: LinkError) -> None:
        """End the link from this side."""
        self.session.detach(self, error)


class OutgoingLink(Link):
    """A link on which this side sends."""

    def __init__(self, session: LinkSession, handle: int, *, settled: bool) -> None:
        super().__init__(session, handle)
        self._settled = settled
        self._credit = 0
        self._delivery_count = 0
        self._draining = False
        self._delivery_id = 0
        self._rest = b""  # of a message that the session's window cut short

    @abstractmethod
    def next_payload(self) -> bytes | None:
        """Return the next message to send, or None when there is none now."""

    def on_flow(self, flow: Flow) -> None:
        """Take in the peer's credit."""
        if flow.link_credit is not None:
            self._credit = _subtract((flow.delivery_count or 0) + flow.link_credit, self._delivery_count)
        self._draining = bool(flow.drain)
        if flow.echo and not self._draining:
            self._send_flow(drain=False)
        self.session.schedule(self)

    def pump(self, budget: int) -> bool:
        """Send about `budget` bytes; return whether the link could go on at once."""
        while budget > 0:
            if not self._rest and not self._begin_delivery():
                return False
            before = len(self._rest)
            self._rest = self.session.transfer(self.handle, self._delivery_id, self._rest, settled=self._settled)
            if self._rest:
                return False  # the session's window is full; its next flow schedules this link again
            budget -= before
        return True

    def _begin_delivery(self) -> bool:
        payload = self.next_payload() if self._credit > 0 else None
        if payload is None:
            self._end_drain()
            return False
        self._rest = payload
        self._delivery_id = self.session.start_delivery()
        self._credit -= 1
        self._delivery_count = (self._delivery_count + 1) % _SERIAL
        return True

    def _end_drain(self) -> None:
        if self._draining:
            self._delivery_count = (self._delivery_count + max(0, self._credit)) % _SERIAL
            self._credit = 0
            self._draining = False
            self._send_flow(drain=True)

    def _send_flow(self, *, drain: bool) -> None:
        self.session.send(
            self.session.build_flow(
                handle=self.handle, delivery_count=self._delivery_count, link_credit=max(0, self._credit), drain=drain
            )
        )


class IncomingLink(Link):
    """A link on which the peer sends."""

    def __init__(self, session: LinkSession, handle: int, *, initial_delivery_count: int) -> None:
        super().__init__(session, handle)
        self._delivery_count = initial_delivery_count
        self._credit = 0
        self._parts: list[bytes] = []
        self._size = 0
        self._first: Transfer | None = None

    @abstractmethod
    def handle_message(self, payload: bytes, message_format: int) -> None:
        """Do with a complete message what the link is for.

        Raises:
            DecodeError: when it is none.
            LinkError: when the link cannot go on.
        """

    def grant_credit(self) -> None:
        """Let the peer send."""
        self._credit = INCOMING_CREDIT
        self.session.send(
            self.session.build_flow(
                handle=self.handle, delivery_count=self._delivery_count, link_credit=INCOMING_CREDIT
            )
        )

    def on_flow(self, flow: Flow) -> None:
        """Take in the peer's link state: only a wish for an answer matters."""
        if flow.echo:
            self.grant_credit()

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Take in a message or a part of one; a message that cannot be taken is rejected, and the link goes on.

        Raises:
            LinkError: when the link cannot go on.
        """
        if self._first is None:
            self._first = transfer
            self._count_delivery()
        self._size += len(payload)
        if self._size <= MAX_MESSAGE_SIZE:
            self._parts.append(payload)
        else:
            self._parts.clear()  # what comes is only counted from here on
        if transfer.aborted:
            self._forget_parts()
        elif not transfer.more:
            self._complete(self._first, settled=bool(transfer.settled or self._first.settled))

    def _count_delivery(self) -> None:
        self._credit -= 1
        self._delivery_count = (self._delivery_count + 1) % _SERIAL
        if self._credit <= INCOMING_CREDIT // 2:
            self.grant_credit()

    def _complete(self, first: Transfer, *, settled: bool) -> None:
        payload, size = b"".join(self._parts), self._size
        self._forget_parts()
        outcome = self._judge(payload, size, first)
        if not settled and first.delivery_id is not None:
            number = first.delivery_id
            self.session.send(Disposition(role=True, first=number, last=number, settled=True, state=outcome))

    def _judge(self, payload: bytes, size: int, first: Transfer) -> Described:
        """Handle a message and return its outcome."""
        if size > MAX_MESSAGE_SIZE:
            text = (
                f"The received message (delivery-id:{first.delivery_id}, size:{size} bytes) exceeds the limit "
                f"({MAX_MESSAGE_SIZE} bytes) currently allowed on the link."
            )
            return build_rejected(LinkError(Condition.MESSAGE_TOO_LARGE, text))
        try:
            self.handle_message(payload, first.message_format or 0)
        except DecodeError as error:
            return build_rejected(LinkError(Condition.DECODE_ERROR, f"The message cannot be read: {error}."))
        return ACCEPTED

    def _forget_parts(self) -> None:
        self._parts.clear()
        self._size = 0
        self._first = None


def _subtract(later: int, earlier: int) -> int:
    """Return the difference of two serial numbers of 32 bits (RFC 1982)."""
    difference = (later - earlier) % _SERIAL
    return difference - _SERIAL if difference >= _SERIAL // 2 else difference
