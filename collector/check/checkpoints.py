"""Whether positions can be kept: in a Blob container, or in the data folder of this machine. Nothing is written."""

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Final

from collector.check.findings import Finding, Outcome, Row, fail
from collector.check.running import Look, Probe
from collector.inputs.azure.credentials import build_credential
from collector.inputs.azure.storage import open_container
from collector.policy import AzureMetricsStream, EventHubStream
from collector.state.blob import FencedBlobCheckpointStore
from collector.state.checkpoint_file import is_in_use
from collector.state.refusals import ContainerUnusableError

_LITTLE_BYTES: Final = 100 * 2**20
"""Positions take kilobytes; dead letters that Elasticsearch refuses, and gaps of metrics, may take more."""


def probe_checkpoints(stream: EventHubStream | AzureMetricsStream, data: Path) -> Probe:
    """Return the look at where a stream keeps its positions; `data` is the data folder."""
    if stream.checkpoint_store == "blob":
        return Probe(stream.id, (Row.CHECKPOINTS,), partial(_look_at_container, stream))
    return Probe(stream.id, (Row.CHECKPOINTS,), partial(_look_at_folder, stream.id, data))


async def _look_at_folder(target: str, data: Path) -> Look:
    yield _judge_folder(target, data)


async def _look_at_container(stream: EventHubStream | AzureMetricsStream) -> Look:
    with_key = isinstance(stream, EventHubStream) and stream.auth_type == "connection_string"
    credential = None if with_key else build_credential(stream)
    store = FencedBlobCheckpointStore(open_container(stream, credential))
    try:
        yield await _judge_container(stream, store)
    finally:
        await store.close()
        if credential is not None:
            await credential.close()


async def _judge_container(stream: EventHubStream | AzureMetricsStream, store: FencedBlobCheckpointStore) -> Finding:
    name = stream.storage_account_container
    try:
        is_there = await store.probe_container()
    except ContainerUnusableError as error:
        return fail(Row.CHECKPOINTS, stream.id, str(error))
    if is_there:
        return Finding(Row.CHECKPOINTS, stream.id, Outcome.OK, f"container {name} can be written and listed")
    text = f"container {name} is not there yet: it is made at the first start, if the login may make containers"
    return Finding(Row.CHECKPOINTS, stream.id, Outcome.WARNING, text)


def _judge_folder(target: str, data: Path) -> Finding:
    place = next(each for each in (data, *data.absolute().parents) if each.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        text = f"the data folder {data} cannot be {'written' if place == data else 'made'} by this user"
        return fail(Row.CHECKPOINTS, target, text, "Give the user the folder, or name another with --data.")
    free = shutil.disk_usage(place).free
    if free < _LITTLE_BYTES:
        text = f"there are {free / 2**20:.0f} MiB left on the disk of the data folder {data}"
        return fail(Row.CHECKPOINTS, target, text, "Make room, or name another folder with --data.", Outcome.WARNING)
    state = "a collector works on it" if is_in_use(data) else "free" if place == data else "made at the first start"
    return Finding(Row.CHECKPOINTS, target, Outcome.OK, f"data folder {data}, {state}")
