"""What is at the end of a link: partitions for readers and producers, nodes for requests and their answers."""

from collections import deque
from collections.abc import Callable

from collector.emulators.event_hubs.addresses import ProducerAddress, ReaderAddress
from collector.emulators.event_hubs.errors import Condition, LinkError
from collector.emulators.event_hubs.links import IncomingLink, LinkSession, OutgoingLink
from collector.emulators.event_hubs.messages import (
    BATCH_FORMAT,
    Message,
    encode_delivery_annotations,
    read_batch,
    read_event,
    read_request,
)
from collector.emulators.event_hubs.namespace import Namespace
from collector.emulators.event_hubs.performatives import Attach, read_symbols, read_terminus
from collector.emulators.event_hubs.positions import find_start
from collector.emulators.event_hubs.wire_types import Symbol, Timestamp

RUNTIME_METRIC = "com.microsoft:enable-receiver-runtime-metric"
SETTLED = 1  # a link's settle mode: the sender sends everything settled
_EPOCH = "com.microsoft:epoch"
_SOURCE_FILTER = 7
# A client has one request under way, or a few; one that never takes its answers is stopped here.
_MAX_WAITING_ANSWERS = 1000


class Reader(OutgoingLink):
    """Sends the events of a partition to a client, from where it asked to begin."""

    def __init__(self, session: LinkSession, attach: Attach, address: ReaderAddress, namespace: Namespace) -> None:
        super().__init__(session, attach.handle, settled=True)
        self._namespace = namespace
        self._hub = namespace.find_hub(address.hub)
        self._log = self._hub.find_partition(address.partition)
        self._readership = self._hub.find_readership(address.consumer_group, address.partition)
        self._with_metrics = RUNTIME_METRIC in read_symbols(attach.desired_capabilities)
        self._cursor = find_start(self._log, read_terminus(attach.source, _SOURCE_FILTER))
        epoch = (attach.properties or {}).get(_EPOCH)
        self.epoch = epoch if isinstance(epoch, int) else None

    def enter(self) -> None:
        """Begin to read, and put out the readers this one displaces.

        Raises:
            LinkError: when another reader keeps this one out.
        """
        self._readership.admit(self)
        self._hub.register(self)
        self._log.watch(self._wake)

    def close(self) -> None:
        """Stop reading."""
        self._readership.leave(self)
        self._hub.unregister(self)
        self._log.unwatch(self._wake)

    def next_payload(self) -> bytes | None:
        """Return the next event."""
        event = self._log.event_at(self._cursor)
        if event is None:
            return None
        self._cursor = event.sequence_number + 1
        return self._describe_log() + event.encoded if self._with_metrics else event.encoded

    def _wake(self) -> None:
        self.session.schedule(self)

    def _describe_log(self) -> bytes:
        last = self._log.last
        if last is None:
            return b""
        return encode_delivery_annotations(
            {
                Symbol("last_enqueued_sequence_number"): last.sequence_number,
                Symbol("last_enqueued_offset"): str(last.offset),
                Symbol("last_enqueued_time_utc"): Timestamp(last.enqueued_ms),
                Symbol("runtime_info_retrieval_time_utc"): Timestamp(self._namespace.now_ms()),
            }
        )


class Producer(IncomingLink):
    """Takes the events that a client sends to a hub or to one partition."""

    def __init__(self, session: LinkSession, attach: Attach, address: ProducerAddress, namespace: Namespace) -> None:
        super().__init__(session, attach.handle, initial_delivery_count=attach.initial_delivery_count or 0)
        self._namespace = namespace
        self._hub = namespace.find_hub(address.hub)
        self._log = None if address.partition is None else self._hub.find_partition(address.partition)

    def enter(self) -> None:
        """Begin to send."""
        self._hub.register(self)

    def close(self) -> None:
        """Stop sending."""
        self._hub.unregister(self)

    def handle_message(self, payload: bytes, message_format: int) -> None:
        """Append the event, or the events of the batch, all to one partition."""
        events = read_batch(payload) if message_format == BATCH_FORMAT else [read_event(payload)]
        log = self._log or self._hub.route(events)
        enqueued_ms = self._namespace.now_ms()
        for event in events:
            log.append(event, enqueued_ms)


class AnswerLink(OutgoingLink):
    """Carries a node's answers to a client."""

    def __init__(self, session: LinkSession, attach: Attach, node: str) -> None:
        super().__init__(session, attach.handle, settled=attach.snd_settle_mode == SETTLED)
        self.node = node
        self.address = read_terminus(attach.target, 0)
        self._waiting: deque[bytes] = deque()

    def answer(self, payload: bytes) -> None:
        """Send an answer when the client has credit for it.

        Raises:
            LinkError: when it leaves too many untaken.
        """
        if len(self._waiting) >= _MAX_WAITING_ANSWERS:
            raise LinkError(Condition.RESOURCE_LIMIT_EXCEEDED, "Too many answers wait to be taken.")
        self._waiting.append(payload)
        self.session.schedule(self)

    def next_payload(self) -> bytes | None:
        """Return the oldest answer."""
        return self._waiting.popleft() if self._waiting else None


type AnswerLinkFinder = Callable[[str, object], AnswerLink | None]
type Answer = Callable[[Message], bytes]


class RequestLink(IncomingLink):
    """Takes a client's requests to a node."""

    def __init__(
        self, session: LinkSession, attach: Attach, node: str, answer: Answer, find_answer_link: AnswerLinkFinder
    ) -> None:
        super().__init__(session, attach.handle, initial_delivery_count=attach.initial_delivery_count or 0)
        self._node = node
        self._answer = answer
        self._find_answer_link = find_answer_link

    def handle_message(self, payload: bytes, message_format: int) -> None:  # noqa: ARG002  # requests have one format
        """Answer the request on the link whose address it names, or else on the node's only one."""
        request = read_request(payload)
        link = self._find_answer_link(self._node, request.property_at(4))
        if link is not None:
            link.answer(self._answer(request))
