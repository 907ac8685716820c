"""``aoai-collector gaps``: the gap ledger of the streams of metrics, as a table or as lines of JSON.

It only reads, also while a collector works: the file in the data folder, or the Blob container of the stream.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from azure.core.exceptions import AzureError
from rich.console import Console
from rich.table import Table

from collector.inputs.azure.credentials import build_credential
from collector.inputs.azure.storage import open_container
from collector.inputs.azure_metrics.cursors import read_ledger
from collector.inputs.azure_metrics.gaps import Gap, GapState
from collector.inputs.azure_metrics.ports import moment
from collector.inputs.azure_metrics.scopes import decode
from collector.policy import AzureMetricsStream, Policy
from collector.state.blob_shards import BlobStreamShards
from collector.state.sqlite_shards import SqliteShardsReading
from collector.telemetry.printed_text import as_it_is

_COLUMNS: Final = ("resource", "metrics by", "from", "to", "minutes", "reason", "state", "detail")


class GapsUnreadableError(Exception):
    """The ledger of a stream cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class GapsRequest:
    """What is asked for."""

    data: Path
    stream: str | None
    """Only this stream; None for all."""
    everything: bool
    """Also gaps that were closed."""
    as_json: bool


class _Ledger(Protocol):
    async def load(self) -> Mapping[str, bytes]: ...

    async def ledger(self) -> Sequence[bytes]: ...


async def show_gaps(policy: Policy, request: GapsRequest, console: Console) -> None:
    """Print what is asked for.

    Raises:
        GapsUnreadableError: there is no such stream, or its ledger cannot be read.
    """
    streams = [stream for _, stream in policy.metrics_streams() if request.stream in {None, stream.id}]
    if not streams:
        named = f" called {request.stream}" if request.stream else ""
        raise GapsUnreadableError(f"the policy has no stream of metrics{named}")
    for stream in streams:
        gaps = [gap for gap in await _read(stream, request.data) if request.everything or gap.state != GapState.CLOSED]
        if request.as_json:
            for gap in gaps:
                console.file.write(json.dumps({"stream": stream.id} | _describe(gap)) + "\n")
        else:
            print_gaps(stream.id, gaps, console)


async def _read(stream: AzureMetricsStream, data: Path) -> list[Gap]:
    """Return the gaps of a stream, the oldest first."""
    try:
        async with AsyncExitStack() as stack:
            ledger = await _open(stream, data, stack)
            settled = read_ledger(await ledger.ledger())
            still_open = [gap for state in (await ledger.load()).values() for gap in _read_open(state)]
    except (AzureError, OSError, sqlite3.Error) as error:
        first = str(error).splitlines() or [type(error).__name__]
        raise GapsUnreadableError(f"the gap ledger of stream {stream.id} cannot be read: {first[0]}") from error
    return sorted(settled + still_open, key=lambda gap: (gap.start, gap.resource, gap.group))


async def _open(stream: AzureMetricsStream, data: Path, stack: AsyncExitStack) -> _Ledger:
    if stream.checkpoint_store == "sqlite":
        return SqliteShardsReading(data, stream.id)
    credential = await stack.enter_async_context(build_credential(stream))
    container = await stack.enter_async_context(open_container(stream, credential))
    return BlobStreamShards(container, stream.id)


def _read_open(state: bytes) -> Iterator[Gap]:
    try:
        scopes = list(decode(state))
    except msgspec.DecodeError:  # of a later version, perhaps
        return
    for scope in scopes:
        yield from scope.gaps


def _describe(gap: Gap) -> dict[str, Any]:
    return {
        "resource": gap.resource,
        "group": gap.group,
        "from": f"{moment(gap.start):%Y-%m-%dT%H:%MZ}",
        "to": f"{moment(gap.end):%Y-%m-%dT%H:%MZ}",
        "minutes": gap.minutes,
        "reason": gap.reason.value,
        "state": gap.state.value,
        "detail": gap.detail,
    }


def print_gaps(stream: str, gaps: Sequence[Gap], console: Console) -> None:
    """Print the table of a stream; what Azure says is shown as it is, but for control characters."""
    if not gaps:
        console.print(as_it_is(f"{stream}: no gap"))
        return
    table = Table(title=as_it_is(stream), title_justify="left", box=None)
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for gap in gaps:
        described = _describe(gap)
        described["resource"] = gap.resource.rpartition("/")[2]
        table.add_row(*(as_it_is(str(value)) for value in described.values()))
    console.print(table)
    console.print(f"{sum(gap.minutes for gap in gaps)} minutes in {len(gaps)} gaps")
