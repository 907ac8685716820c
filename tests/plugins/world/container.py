"""A Blob container with ETags and conditional requests, behind a network that can fail before or after the write.

Only what the checkpoint stores use of ``azure.storage.blob.aio.ContainerClient`` is there. Source of the conditions:
Microsoft Learn, "Specifying conditional headers for Blob service operations": a failed ``If-Match`` is 412, a failed
``If-None-Match: *`` is 409.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from plugins.world.virtual_time import EPOCH, WORLD, running_process


@dataclass(frozen=True)
class Blob:
    name: str
    metadata: dict[str, str]
    etag: str
    last_modified: datetime


class Storage:
    """The blobs of one container, and the weather on the way to them."""

    def __init__(
        self, random: Random, note: Callable[..., None], on_checkpoint: Callable[[str, int, str], None]
    ) -> None:
        self.blobs: dict[str, Blob] = {}
        self.faults: tuple[str, ...] = ()
        """Names of ``_FAULTS`` that may strike now."""
        self._random = random
        self._note = note
        self._on_checkpoint = on_checkpoint
        self._writes = 0

    async def exchange(self, operation: Callable[[], Any]) -> Any:
        """Carry a request there and its answer back; the sender may be dead by then."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        fault = self._random.choice(self.faults) if self.faults else ""
        there, back = self._random.random() * 0.02, self._random.random() * 0.02
        if fault == "slow":
            there, back = self._random.random() * 8, self._random.random() * 8
        loop.call_later(there, self._perform, operation, fault, back, answer, context=WORLD)
        return await answer

    def _perform(self, operation: Callable[[], Any], fault: str, back: float, answer: asyncio.Future[Any]) -> None:
        error: Exception | None = None
        result: Any = None
        if fault == "unreachable":
            error = ServiceRequestError("connection refused")
        elif fault == "busy":
            error = HttpResponseError("503 ServerBusy")
        else:
            try:
                result = operation()
            except HttpResponseError as refusal:
                error = refusal
        if fault == "answer lost":
            error = ServiceResponseError("connection reset")
        asyncio.get_running_loop().call_later(back, _answer, answer, result, error, context=WORLD)

    def write(self, name: str, metadata: dict[str, str], writer: str) -> dict[str, Any]:
        if "/checkpoint/" in name:
            partition, number = name.rpartition("/")[2], int(metadata["sequencenumber"])
            self._note(writer, "checkpoint {} of partition {} is in the container", number, partition)
            self._on_checkpoint(partition, number, writer)
        self._writes += 1
        moment = datetime.fromtimestamp(EPOCH + asyncio.get_running_loop().time(), UTC)
        blob = self.blobs[name] = Blob(name, dict(metadata), f'"{self._writes:#x}"', moment)
        return {"etag": blob.etag, "last_modified": blob.last_modified}


def _answer(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)


class Container:
    """``ContainerClient`` of one collector."""

    account_name, container_name, credential, url = "account", "checkpoints", None, "https://account/checkpoints"

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def get_blob_client(self, name: str) -> "BlobHandle":
        return BlobHandle(self.storage, name)

    def list_blobs(self, name_starts_with: str = "", **_: Any) -> "_Listing":
        return _Listing(self.storage, name_starts_with)

    def walk_blobs(self, name_starts_with: str = "", delimiter: str = "/") -> "_Listing":
        return _Listing(self.storage, name_starts_with, delimiter)

    async def create_container(self) -> None:
        raise ResourceExistsError("ContainerAlreadyExists")

    async def close(self) -> None: ...


class _Listing:
    """The blobs under a prefix; with a delimiter, folders stand for what lies in them."""

    def __init__(self, storage: Storage, prefix: str, delimiter: str = "") -> None:
        self._storage = storage
        self._prefix = prefix
        self._delimiter = delimiter

    async def __aiter__(self) -> AsyncIterator[Blob]:
        for blob in await self._storage.exchange(self._list):
            yield blob

    async def by_page(self) -> AsyncIterator[list[Blob]]:
        yield [blob async for blob in self]

    def _list(self) -> list[Blob]:
        found: dict[str, Blob] = {}
        for name, blob in sorted(self._storage.blobs.items()):
            if not name.startswith(self._prefix):
                continue
            head, delimiter, _ = (
                name[len(self._prefix) :].partition(self._delimiter) if self._delimiter else ("", "", "")
            )
            shown = self._prefix + head + delimiter if delimiter else name
            found.setdefault(shown, Blob(shown, blob.metadata, blob.etag, blob.last_modified))
        return list(found.values())


class BlobHandle:
    """``BlobClient`` of one collector."""

    def __init__(self, storage: Storage, name: str) -> None:
        self._storage = storage
        self._name = name
        self._writer = running_process().name

    async def get_blob_properties(self, **_: Any) -> Blob:
        return await self._storage.exchange(self._present)

    async def set_blob_metadata(self, metadata: dict[str, str], **conditions: Any) -> dict[str, Any]:
        def operation() -> dict[str, Any]:
            present = self._present()
            if (_wanted_etag(conditions) or present.etag) != present.etag:
                raise ResourceModifiedError("ConditionNotMet")
            if _must_be_new(conditions):
                raise ResourceExistsError("BlobAlreadyExists")
            return self._storage.write(self._name, metadata, self._writer)

        return await self._storage.exchange(operation)

    async def upload_blob(
        self, data: bytes, *, metadata: dict[str, str] | None = None, overwrite: bool = False, **conditions: Any
    ) -> dict[str, Any]:
        def operation() -> dict[str, Any]:
            assert not data, "a checkpoint is in the metadata alone"
            present = self._storage.blobs.get(self._name)
            wanted = _wanted_etag(conditions)
            if wanted is not None and (present is None or present.etag != wanted):
                raise ResourceModifiedError("ConditionNotMet")
            if present is not None and (not overwrite or _must_be_new(conditions)):
                raise ResourceExistsError("BlobAlreadyExists")
            return self._storage.write(self._name, metadata or {}, self._writer)

        return await self._storage.exchange(operation)

    def _present(self) -> Blob:
        blob = self._storage.blobs.get(self._name)
        if blob is None:
            error = ResourceNotFoundError("BlobNotFound")
            error.error_code = "BlobNotFound"
            raise error
        return blob


def _wanted_etag(conditions: dict[str, Any]) -> str | None:
    if conditions.get("match_condition") is MatchConditions.IfNotModified:
        return conditions["etag"]
    return conditions.get("if_match")


def _must_be_new(conditions: dict[str, Any]) -> bool:
    return conditions.get("if_none_match") == "*" or conditions.get("match_condition") is MatchConditions.IfMissing
