"""Where a stream of metrics stands, in a Blob container: opaque shards of state, and a ledger of what is settled.

Promises: a write names the ETag that was current when the state was loaded, so a collector that another one has
overtaken cannot write. The ledger is appended to before the shard is replaced: after a crash in between, a line may
stand there twice and none is lost.

Layout: ``aoai-metrics/STREAM/state/DIGEST`` holds one shard; ``aoai-metrics/STREAM/ledger/YYYY-MM`` is an append blob
with one line each. STREAM is the stream's id in lower case, other characters as hyphens, and a digest of it.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, cast

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobType
from azure.storage.blob.aio import ContainerClient

from collector.state.ownership import StaleOwnerError
from collector.state.sqlite_shards import LEDGER_DAYS

_ROOT: Final = "aoai-metrics"
_NO_RETRY: Final[dict[str, Any]] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
"""Whoever polls asks again within a minute; the SDK would be silent for that long."""
_LARGEST_BLOCK: Final = 4 * 2**20
"""Bytes in one append, by the service's limit."""


class _Shard(msgspec.Struct):
    name: str
    state: bytes


class BlobStreamShards:
    """The shards of one stream."""

    def __init__(self, container: ContainerClient, stream: str) -> None:
        """Use a container client, which stays the caller's to close."""
        self._container = container
        self._folder = folder_of(stream)
        self._etags: dict[str, str] = {}

    async def load(self) -> Mapping[str, bytes]:
        """Return the newest state of every shard; writes go by what was loaded last.

        Raises:
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        self._etags.clear()
        found: dict[str, bytes] = {}
        async for blob in self._container.list_blobs(name_starts_with=f"{self._folder}/state/", **_NO_RETRY):
            body, etag = await self._read(blob.name)
            shard = msgspec.msgpack.decode(body, type=_Shard)
            found[shard.name] = shard.state
            self._etags[shard.name] = etag
        return found

    async def save(self, shard: str, state: bytes, lines: Sequence[bytes]) -> None:
        """Append lines to the ledger, then replace the state of a shard.

        Raises:
            StaleOwnerError: someone else has written the shard since it was loaded.
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        if lines:
            await self._append(lines)
        blob = self._container.get_blob_client(f"{self._folder}/state/{_digest(shard)}")
        etag = self._etags.get(shard)
        if etag is None:
            condition: dict[str, Any] = {"overwrite": False}
        else:
            condition = {"overwrite": True, "etag": etag, "match_condition": MatchConditions.IfNotModified}
        body = msgspec.msgpack.encode(_Shard(shard, state))
        try:
            written = await blob.upload_blob(body, **condition, **_NO_RETRY)
        except (ResourceModifiedError, ResourceExistsError, ResourceNotFoundError) as error:
            raise StaleOwnerError(blob.blob_name) from error
        self._etags[shard] = str(written["etag"])

    async def ledger(self) -> Sequence[bytes]:
        """Return the lines of the ledger, oldest first.

        Raises:
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        lines: list[bytes] = []
        for name in sorted([name async for name in self._ledger_names()]):
            body, _ = await self._read(name)
            lines += body.splitlines()
        return lines

    async def _read(self, name: str) -> tuple[bytes, str]:
        """Return what a blob holds, and its ETag at that moment."""
        stream = cast("Any", await self._container.download_blob(name, **_NO_RETRY))
        return await stream.readall(), str(stream.properties.etag)

    async def _append(self, lines: Sequence[bytes]) -> None:
        now = datetime.now(UTC)
        blob = self._container.get_blob_client(f"{self._folder}/ledger/{now:%Y-%m}")
        with suppress(ResourceExistsError, ResourceModifiedError):  # the blob of this month is there
            await blob.create_append_blob(match_condition=MatchConditions.IfMissing, **_NO_RETRY)
            await self._forget_what_is_old(now)
        body = b"".join(line + b"\n" for line in lines)
        for start in range(0, len(body), _LARGEST_BLOCK):
            await blob.append_block(body[start : start + _LARGEST_BLOCK], **_NO_RETRY)

    async def _forget_what_is_old(self, now: datetime) -> None:
        """Delete months that ended more than 93 days ago; they stay where the login has no right to delete."""
        oldest = f"{self._folder}/ledger/{now - timedelta(days=LEDGER_DAYS):%Y-%m}"
        with suppress(HttpResponseError):
            for name in [name async for name in self._ledger_names()]:
                if name < oldest:
                    await self._container.delete_blob(name, **_NO_RETRY)

    async def _ledger_names(self) -> AsyncIterator[str]:
        async for blob in self._container.list_blobs(name_starts_with=f"{self._folder}/ledger/", **_NO_RETRY):
            if blob.blob_type == BlobType.APPENDBLOB:
                yield blob.name


def folder_of(stream: str) -> str:
    """Return what the names of a stream's blobs begin with."""
    readable = re.sub(r"[^a-z0-9.]+", "-", stream.lower()).strip("-")[:60]
    return f"{_ROOT}/{readable}-{_digest(stream)[:8]}"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
