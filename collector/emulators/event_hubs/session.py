"""One session of a connection: its links, its windows, its delivery ids.

Promised: delivery ids count per session, over all its links; no more transfers go out than the peer's incoming window
has room for; handles and channels are the same numbers on both sides.

Source: OASIS AMQP 1.0, part 2, section 2.5 (sessions).
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from collector.emulators.event_hubs.access import Access, OperationKind
from collector.emulators.event_hubs.addresses import (
    MANAGEMENT,
    NodeAddress,
    ProducerAddress,
    ReaderAddress,
    parse_address,
)
from collector.emulators.event_hubs.endpoints import (
    RUNTIME_METRIC,
    SETTLED,
    AnswerLink,
    AnswerLinkFinder,
    Producer,
    Reader,
    RequestLink,
)
from collector.emulators.event_hubs.errors import Condition, LinkError, SessionError
from collector.emulators.event_hubs.frames import TRANSFER_OVERHEAD, encode_frame, encode_transfer
from collector.emulators.event_hubs.links import MAX_MESSAGE_SIZE, IncomingLink, Link, OutgoingLink
from collector.emulators.event_hubs.namespace import Namespace
from collector.emulators.event_hubs.performatives import (
    SOURCE,
    SOURCE_FIELDS,
    TARGET,
    TARGET_FIELDS,
    Attach,
    Begin,
    Detach,
    Disposition,
    Flow,
    Performative,
    Transfer,
    describe_error,
    pad_terminus,
    read_symbols,
    read_terminus,
)
from collector.emulators.event_hubs.requests import answer_request
from collector.emulators.event_hubs.wire_types import Array, Symbol

# The figures with which the service begins a session.
HANDLE_MAX = 255
INCOMING_WINDOW = 5000
FIRST_OUTGOING_ID = 1
_SERIAL = 1 << 32


class SessionConnection(Protocol):
    """What a session needs of its connection."""

    namespace: Namespace
    access: Access
    peer_max_frame_size: int

    def write(self, data: bytes) -> None:
        """Send bytes, after those sent before."""
        ...

    def schedule(self, link: OutgoingLink) -> None:
        """Have `link.pump` called soon, when there is room."""
        ...

    def unschedule(self, link: OutgoingLink) -> None:
        """Undo `schedule`."""
        ...

    def find_answer_link(self, node: str, reply_to: object) -> AnswerLink | None:
        """Return where answers of a node go."""
        ...


class Session:
    """One session, from its BEGIN to its END."""

    def __init__(self, connection: SessionConnection, channel: int, begin: Begin) -> None:
        self._connection = connection
        self._channel = channel
        self._links: dict[int, Link | None] = {}  # None: ended from this side, the peer's DETACH is awaited
        self._next_incoming_id = begin.next_outgoing_id
        self._window = begin.incoming_window  # transfers the peer can take now
        self._unannounced = 0  # transfers taken since the peer was last told the window
        self._next_outgoing_id = FIRST_OUTGOING_ID
        self._next_delivery_id = 0
        self._handlers: dict[type[Performative], Callable[..., None]] = {
            Attach: self._on_attach,
            Flow: self._on_flow,
            Disposition: self._on_disposition,
            Detach: self._on_detach,
        }

    def begin(self) -> None:
        """Answer the peer's BEGIN."""
        self.send(
            Begin(
                remote_channel=self._channel,
                next_outgoing_id=self._next_outgoing_id,
                incoming_window=INCOMING_WINDOW,
                outgoing_window=INCOMING_WINDOW,
                handle_max=HANDLE_MAX,
            )
        )

    def dispatch(self, performative: Performative, payload: bytes) -> None:
        """Handle what the peer sent on this session.

        Raises:
            SessionError: when the peer breaks a rule of the session.
        """
        if isinstance(performative, Transfer):
            self._on_transfer(performative, payload)
            return
        handler = self._handlers.get(type(performative))
        if handler is None:
            raise SessionError(Condition.NOT_ALLOWED, f"{type(performative).__name__} is not for a session.")
        handler(performative)

    def close(self) -> None:
        """Close all links; the session is over."""
        for handle in list(self._links):
            self._release(handle)
        self._links.clear()

    def answer_links(self) -> Iterator[AnswerLink]:
        """Yield the links on which nodes answer."""
        for link in self._links.values():
            if isinstance(link, AnswerLink):
                yield link

    def send(self, performative: Performative) -> None:
        """Send a performative."""
        self._connection.write(encode_frame(self._channel, performative))

    def schedule(self, link: OutgoingLink) -> None:
        """Have a link send soon."""
        self._connection.schedule(link)

    def build_flow(self, *, handle: int, delivery_count: int, link_credit: int, drain: bool = False) -> Flow:
        """Return a flow with the session's windows and a link's state."""
        flow = self._build_session_flow()
        flow.handle, flow.delivery_count, flow.link_credit = handle, delivery_count, link_credit
        flow.drain = drain
        return flow

    def start_delivery(self) -> int:
        """Return the id of a new delivery."""
        delivery_id = self._next_delivery_id
        self._next_delivery_id = (delivery_id + 1) % _SERIAL
        return delivery_id

    def transfer(self, handle: int, delivery_id: int, payload: bytes, *, settled: bool) -> bytes:
        """Send as much of a delivery as the peer's window allows; return the rest."""
        room = self._connection.peer_max_frame_size - TRANSFER_OVERHEAD
        write = self._connection.write
        position = 0
        while position < len(payload) and self._window > 0:
            part = payload[position : position + room]
            position += len(part)
            more = position < len(payload)
            write(encode_transfer(self._channel, handle, delivery_id, len(part), settled=settled, more=more))
            write(part)
            self._window -= 1
            self._next_outgoing_id = (self._next_outgoing_id + 1) % _SERIAL
        return payload[position:]

    def detach(self, link: Link, error: LinkError) -> None:
        """End a link from this side."""
        if self._links.get(link.handle) is link:
            self._release(link.handle)
            self._links[link.handle] = None
            self.send(Detach(link.handle, closed=True, error=describe_error(error)))

    def _build_session_flow(self) -> Flow:
        self._unannounced = 0
        return Flow(
            next_incoming_id=self._next_incoming_id,
            incoming_window=INCOMING_WINDOW,
            next_outgoing_id=self._next_outgoing_id,
            outgoing_window=INCOMING_WINDOW,
        )

    def _on_attach(self, attach: Attach) -> None:
        if attach.handle in self._links:
            raise SessionError(Condition.HANDLE_IN_USE, f"The handle {attach.handle} is in use.")
        if attach.handle > HANDLE_MAX:
            raise SessionError(Condition.NOT_ALLOWED, f"Handles end at {HANDLE_MAX}.")
        try:
            link = self._open_link(attach)
        except LinkError as error:
            self._refuse(attach, error)
            return
        self._links[attach.handle] = link
        self.send(_answer_attach(attach, link))
        if isinstance(link, IncomingLink):
            link.grant_credit()

    def _open_link(self, attach: Attach) -> Link:
        terminus = attach.source if attach.role else attach.target
        name = str(read_terminus(terminus, 0))
        address = parse_address(name)
        namespace, access = self._connection.namespace, self._connection.access
        if address == NodeAddress(MANAGEMENT):
            access.attach_management()
        match address:
            case NodeAddress(node) if attach.role:
                return AnswerLink(self, attach, node)
            case NodeAddress(node):
                answer = partial(answer_request, node, namespace=namespace, access=access)
                return RequestLink(self, attach, node, answer, self._answer_link_finder())
            case ReaderAddress() if attach.role:
                access.attach(OperationKind.RECEIVE, name)
                reader = Reader(self, attach, address, namespace)
                reader.enter()
                return reader
            case ProducerAddress() if not attach.role:
                access.attach(OperationKind.SEND, name)
                producer = Producer(self, attach, address, namespace)
                producer.enter()
                return producer
            case _:
                raise LinkError(Condition.NOT_FOUND, "The messaging entity could not be found.")

    def _answer_link_finder(self) -> AnswerLinkFinder:
        def find(node: str, reply_to: object) -> AnswerLink | None:
            links = [link for link in self.answer_links() if link.node == node]
            named = [link for link in links if reply_to is not None and link.address == reply_to]
            return next(iter(named or links), None) or self._connection.find_answer_link(node, reply_to)

        return find

    def _refuse(self, attach: Attach, error: LinkError) -> None:
        """Answer with a link that has no terminus, as the service does (specification, section 2.6.3), and end it."""
        self._links[attach.handle] = None
        self.send(Attach(name=attach.name, handle=attach.handle, role=not attach.role))
        self.send(Detach(attach.handle, closed=True, error=describe_error(error)))

    def _on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        self._next_incoming_id = (self._next_incoming_id + 1) % _SERIAL
        self._unannounced += 1
        link = self._find_link(transfer.handle)
        if isinstance(link, IncomingLink):
            try:
                link.on_transfer(transfer, payload)
            except LinkError as error:
                self.detach(link, error)
        elif link is not None:
            raise SessionError(Condition.NOT_ALLOWED, "A transfer came on a link for the other direction.")
        if self._unannounced > INCOMING_WINDOW // 2:
            self.send(self._build_session_flow())

    def _on_flow(self, flow: Flow) -> None:
        next_incoming_id = flow.next_incoming_id
        if next_incoming_id is None:  # the peer has not seen the BEGIN yet
            next_incoming_id = FIRST_OUTGOING_ID
        in_flight = (self._next_outgoing_id - next_incoming_id) % _SERIAL
        self._window = max(0, flow.incoming_window - in_flight)
        link = self._find_link(flow.handle) if flow.handle is not None else None
        if link is not None:
            link.on_flow(flow)
        elif flow.echo and flow.handle is None:
            self.send(self._build_session_flow())
        for other in self._links.values():
            if isinstance(other, OutgoingLink):
                self._connection.schedule(other)

    def _on_disposition(self, disposition: Disposition) -> None:
        """Nothing waits for a reader's settlement: a reader remembers by itself how far it got."""

    def _on_detach(self, detach: Detach) -> None:
        link = self._find_link(detach.handle)
        self._release(detach.handle)
        del self._links[detach.handle]
        if link is not None:
            self.send(Detach(detach.handle, closed=True))

    def _find_link(self, handle: int) -> Link | None:
        if handle not in self._links:
            raise SessionError(Condition.UNATTACHED_HANDLE, f"The handle {handle} is not attached.")
        return self._links[handle]

    def _release(self, handle: int) -> None:
        link = self._links[handle]
        if isinstance(link, OutgoingLink):
            self._connection.unschedule(link)
        if link is not None:
            link.close()


def _answer_attach(attach: Attach, link: Link) -> Attach:
    """Return the answer to an ATTACH: the peer's own terms, from the other side, with every field."""
    answer = Attach(
        name=attach.name,
        handle=attach.handle,
        role=not attach.role,
        # Readers get their events settled, whatever they asked for: that is the service's way.
        snd_settle_mode=SETTLED if isinstance(link, Reader) else attach.snd_settle_mode,
        rcv_settle_mode=attach.rcv_settle_mode,
        source=pad_terminus(attach.source, SOURCE, SOURCE_FIELDS),
        target=pad_terminus(attach.target, TARGET, TARGET_FIELDS),
        max_message_size=MAX_MESSAGE_SIZE,
        properties=attach.properties,
    )
    if attach.role:
        answer.initial_delivery_count = 0
    if RUNTIME_METRIC in read_symbols(attach.desired_capabilities):
        answer.offered_capabilities = Array((Symbol(RUNTIME_METRIC),))
    return answer
