"""Collectors with one fault each, of the kinds that lose and double records in the field: the model must find each."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore

from collector.delivery.acknowledgement import Lane
from collector.delivery.identity import EventIds
from collector.events import Position
from collector.output.elasticsearch import sending
from collector.output.elasticsearch.client import Answer, BulkClient, UnreachableError
from collector.output.elasticsearch.lookup import Lookup
from collector.output.elasticsearch.outcomes import ItemOutcome, classify_item
from collector.state.blob import FencedBlobCheckpointStore

Mutation = Callable[[], AbstractContextManager[object]]
_GZIP_WINDOW_BITS = 31
_INDEXED = b'{"create":{"status":201}}'


@contextmanager
def checkpoint_before_the_answer() -> Iterator[None]:
    """What the hub handed out last is checkpointed, whether or not it is written."""
    begin = Lane.begin

    def hasty(lane: Lane, position: Position, *rest: Any) -> Any:
        ticket = begin(lane, position, *rest)
        lane._prefix = position
        return ticket

    with patch.object(Lane, "begin", hasty):
        yield


@contextmanager
def checkpoint_of_the_last_event_settled() -> Iterator[None]:
    """As with acknowledgement by batch: whatever is done last is checkpointed, gaps or not."""

    def leap(lane: Lane) -> None:
        for ticket in [each for each in lane._tickets if each.done]:
            lane._tickets.remove(ticket)
            if lane._prefix is None or ticket.position.sequence_number > lane._prefix.sequence_number:
                lane._prefix = ticket.position

    with patch.object(Lane, "advance", leap):
        yield


@contextmanager
def ids_without_the_partition() -> Iterator[None]:
    """Two partitions count alike, and their like records get the same id; so do those of one event, without bytes."""
    event_id = EventIds.event_id
    make = EventIds.__init__

    def forgetful(ids: EventIds, source: Any, _: str) -> None:
        make(ids, source, "")

    def blind(ids: EventIds, sequence_number: int, *_: object) -> bytes:
        return event_id(ids, sequence_number, "", b"")

    with patch.object(EventIds, "__init__", forgetful), patch.object(EventIds, "event_id", blind):
        yield


@contextmanager
def dropped_on_429() -> Iterator[None]:
    """An item that is refused for a while counts as done."""

    def careless(status: int, failure_store: str | None = None) -> ItemOutcome:
        return ItemOutcome.DROPPED if status == 429 else classify_item(status, failure_store)

    with patch.object(sending, "classify_item", careless):
        yield


@contextmanager
def time_out_taken_for_indexed() -> Iterator[None]:
    """No answer counts as a good one."""
    send = BulkClient.send

    async def trusting(client: BulkClient, body: bytes) -> Answer:
        try:
            return await send(client, body)
        except UnreachableError:
            items = zlib.decompress(body, _GZIP_WINDOW_BITS).count(b"\n") // 2
            return Answer(200, b'{"items":[' + b",".join([_INDEXED] * items) + b"]}")

    with patch.object(BulkClient, "send", trusting):
        yield


def unconditional_checkpoints() -> AbstractContextManager[object]:
    """The SDK's own store: whoever writes last wins, however long ago he lost the partition."""
    return patch.object(FencedBlobCheckpointStore, "update_checkpoint", BlobCheckpointStore.update_checkpoint)


@contextmanager
def no_look_up() -> Iterator[None]:
    """``create`` alone, which sees nothing behind a rollover."""

    async def find_nothing(*_: object) -> list[object]:
        return []

    with patch.object(Lookup, "find", find_nothing):
        yield


MUTATIONS: tuple[Mutation, ...] = (
    checkpoint_before_the_answer,
    checkpoint_of_the_last_event_settled,
    ids_without_the_partition,
    dropped_on_429,
    time_out_taken_for_indexed,
    unconditional_checkpoints,
    no_look_up,
)
