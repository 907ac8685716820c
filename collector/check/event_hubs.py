"""Whether a stream's hub is there and can be read, and who else reads it.

Each partition is opened for reading at its end, without an epoch: Event Hubs lets such a reader stand beside others,
so nobody is displaced, no position is kept, and what is in the hub stays there. If a reader with an epoch is there, it
says so, and refuses. That is how a collector reads, and every program that shares partitions by a checkpoint store.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.eventhub.exceptions import AuthenticationError, ConnectError, EventHubError

from collector.check.findings import Finding, Outcome, Row, fail
from collector.check.running import Look, Probe
from collector.inputs.azure.storage import open_container
from collector.inputs.event_hub.connection import OWNERSHIP_SECONDS, Visit, find_namespace_host, visit
from collector.policy import EventHubConnectionString, EventHubStream
from collector.state.blob import FencedBlobCheckpointStore
from collector.state.checkpoint_file import is_in_use

_SECONDS: Final = 10.0
"""For all partitions; each needs a connection of its own."""
_EPOCH: Final = "epoch"
_FULL: Final = "maximum number of allowed receivers"
_NOT_FOUND: Final = "could not be found"
_LISTEN: Final = (
    "Give the login the role Azure Event Hubs Data Receiver on the hub, or use the key of a shared access policy that "
    "may listen; a role takes some minutes to spread."
)
_OWN_GROUP: Final = (
    "Give the collector a consumer group of its own, or share the checkpoints with the other: az eventhubs eventhub "
    "consumer-group create --resource-group GROUP --namespace-name NAMESPACE --eventhub-name {hub} --name NAME"
)


def probe_hub(stream: EventHubStream, data: Path) -> Probe:
    """Return the look at a stream's hub; `data` is the folder of a collector on this machine."""
    return Probe(stream.id, (Row.EVENT_HUB, Row.CONSUMER_GROUP), partial(_look, stream, data))


async def _look(stream: EventHubStream, data: Path) -> Look:
    visitor = visit(stream)
    try:
        try:
            properties: Mapping[str, Any] = await visitor.client.get_eventhub_properties()
        except (EventHubError, AzureError, OSError) as error:
            yield _explain(stream, error)
            return
        partitions = [str(each) for each in properties["partition_ids"]]
        yield Finding(Row.EVENT_HUB, stream.id, Outcome.OK, f"{stream.eventhub} has {len(partitions)} partitions")
        refused = await _open_partitions(visitor, partitions)
        ours = await _find_ours(stream, data, refused.keys(), visitor.credential)
        yield _judge_readers(stream, refused, ours)
    finally:
        await visitor.close()


def _explain(stream: EventHubStream, error: Exception) -> Finding:
    text = _describe(error)
    if _NOT_FOUND in text:
        fix = f"Check eventhub, and whether {find_namespace_host(stream)} is the namespace that has it."
        return fail(Row.EVENT_HUB, stream.id, f"there is no hub {stream.eventhub}", fix)
    if isinstance(error, ConnectError) and not isinstance(error, AuthenticationError):
        fix = "Look at the rows of the namespace above."
        return fail(Row.EVENT_HUB, stream.id, f"the namespace cannot be reached ({text})", fix)
    return fail(Row.EVENT_HUB, stream.id, f"the namespace refuses the login ({text})", _LISTEN)


async def _open_partitions(visitor: Visit, partitions: Iterable[str]) -> dict[str, str | None]:
    """Return for each partition why it was not opened; None where it was."""
    loop = asyncio.get_running_loop()
    opened: dict[str, asyncio.Future[str | None]] = {each: loop.create_future() for each in partitions}

    def settle(partition: str, error: Exception | None = None) -> None:
        if not opened[partition].done():
            opened[partition].set_result(None if error is None else _describe(error))

    visitor.openings.done, visitor.openings.failed = settle, settle
    reading = asyncio.create_task(
        visitor.client.receive(_take_nothing, on_error=_take_nothing, starting_position="@latest")
    )
    try:
        await asyncio.wait(opened.values(), timeout=_SECONDS)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    late = f"there was no answer within {_SECONDS:g} s"
    return {partition: future.result() if future.done() else late for partition, future in opened.items()}


async def _take_nothing(*_: object) -> None:
    """Let an event lie: no position is kept, so whoever reads the hub gets it all the same."""


def _judge_readers(stream: EventHubStream, refused: Mapping[str, str | None], ours: AbstractSet[str]) -> Finding:
    taken = {partition for partition, reason in refused.items() if reason and _EPOCH in reason}
    other = next((reason for partition, reason in refused.items() if reason and partition not in taken), None)
    group = stream.consumer_group
    if other is not None:
        return _explain_refusal(stream, other)
    foreign = sorted(taken - ours, key=int)
    if foreign:
        text = (
            f"another program reads {_name(foreign)} in the consumer group {group}: it and the collector would take "
            "partitions from each other"
        )
        return fail(Row.CONSUMER_GROUP, stream.id, text, _OWN_GROUP.format(hub=stream.eventhub))
    who = f"a collector reads {len(taken)} of {len(refused)} partitions" if taken else "nobody reads it with an epoch"
    return Finding(Row.CONSUMER_GROUP, stream.id, Outcome.OK, f"{group} may be read; {who}")


def _explain_refusal(stream: EventHubStream, reason: str) -> Finding:
    group = stream.consumer_group
    if _NOT_FOUND in reason:
        fix = f"Check consumer_group, or make it. {_OWN_GROUP.format(hub=stream.eventhub).partition(': ')[2]}"
        return fail(Row.CONSUMER_GROUP, stream.id, f"there is no consumer group {group}", fix)
    if _FULL in reason:
        text = f"{group} has five readers of other programs already, as many as Event Hubs allows"
        return fail(Row.CONSUMER_GROUP, stream.id, text, _OWN_GROUP.format(hub=stream.eventhub))
    return fail(Row.CONSUMER_GROUP, stream.id, f"a partition cannot be read ({reason})", _LISTEN)


async def _find_ours(
    stream: EventHubStream, data: Path, partitions: AbstractSet[str], credential: AsyncTokenCredential | None
) -> AbstractSet[str]:
    """Return which of the partitions are read by collectors that keep their positions where this one would."""
    if stream.checkpoint_store == "sqlite":
        return partitions if is_in_use(data) else set()
    async with open_container(stream, credential) as container:
        names = (_name_namespace(stream), stream.eventhub, stream.consumer_group)
        try:
            listed = await FencedBlobCheckpointStore(container).list_ownership(*names)
        except AzureError:
            return set()  # the row of the checkpoints says why
    since = time.time() - OWNERSHIP_SECONDS
    return {each["partition_id"] for each in listed if each["owner_id"] and each["last_modified_time"] > since}


def _name_namespace(stream: EventHubStream) -> str:
    """Return the namespace as the SDK writes it into the paths of blobs: with a port if one is named."""
    host = find_namespace_host(stream)
    if stream.connection_string is None:
        return host
    port = EventHubConnectionString.parse(stream.connection_string.reveal()).port
    return host if port is None else f"{host}:{port}"


def _name(partitions: list[str]) -> str:
    return f"partition{'s' if len(partitions) > 1 else ''} {', '.join(partitions)}"


def _describe(error: Exception) -> str:
    """AMQP errors have their condition in one line and what it means in the next."""
    lines = [line.strip() for line in str(error).splitlines()[:2]]
    return " ".join(lines) or type(error).__name__
