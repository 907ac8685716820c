"""Checkpoints in a Blob container, in the layout of the Azure SDKs, with fenced writes.

The SDK's own store writes checkpoints unconditionally: a reader that lost its partition can set the checkpoint back.
Here each write names the ETag that was current when the partition was claimed, so that such a write fails, and none
moves backwards. What we own is renewed every 10 s, however often the SDK looks who owns what: a look is one request, a
renewal one for each partition.

Layout (``azure-eventhub-checkpointstoreblob`` 1.2): blob ``NAMESPACE/HUB/GROUP/checkpoint/PARTITION`` in lower case,
empty, with metadata ``offset`` and ``sequencenumber``. The Go SDK does not lower-case the path
(``collector.state.other_spellings``). Ours have a third, ``hubcreatedms``, which the SDKs pass over.
"""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.storage.blob.aio import ContainerClient

from collector.state.other_spellings import list_other_spellings
from collector.state.ownership import StaleOwnerError
from collector.state.refusals import explain_refusal, read_code

_IMPOSSIBLE: Final[dict[str, Any]] = {"etag": '"0x0"', "match_condition": MatchConditions.IfNotModified}
_NO_RETRY: Final[dict[str, Any]] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
"""The SDK would be silent for minutes before it gave up; whoever asks here asks again within seconds."""
_NEVER_WRITTEN: Final = "aoai-collector-checks-its-right-to-write"
_CREATION: Final = "hubcreatedms"
_RENEWAL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Claim:
    """What we wrote into the ownership blob of a partition."""

    owner: str
    etag: str
    made: float


class FencedBlobCheckpointStore(BlobCheckpointStore):
    """The SDK's store for ownership, and checkpoint writes that a stale owner cannot make."""

    def __init__(self, container: ContainerClient, clock: Callable[[], float] = time.monotonic) -> None:
        """Use a container client; closing the store closes it."""
        super().__init__("", "", container_client=container)
        self._container = container
        self._clock = clock
        self._seen: dict[str, tuple[str, int]] = {}
        self._claims: dict[str, _Claim] = {}
        self._groups: set[tuple[str, str, str]] = set()

    async def close(self) -> None:
        """Close the connections; what is owned stays so until it expires, unless it was released."""
        await self._container.close()

    async def ensure_container(self) -> None:
        """Create the container if it is not there, and make sure that it can be written to and listed.

        Nothing is left behind in it. A login without a right to the container itself, such as a signature for
        objects only, is enough when the container is there.

        Raises:
            ContainerUnusableError: storage cannot be reached, or the login may not; says what to do.
        """
        if not await self.probe_container():
            with self._explaining("create"):
                await self._create_container()
            await self._list_one()

    async def probe_container(self) -> bool:
        """Make sure that the container can be written to and listed; return False when it is not there.

        Nothing is changed in the account.

        Raises:
            ContainerUnusableError: as for `ensure_container`.
        """
        with self._explaining("write to"):
            is_there = await self._can_be_written()
        if is_there:
            await self._list_one()
        return is_there

    async def _list_one(self) -> None:
        with self._explaining("read"):
            pages = self._container.list_blobs(results_per_page=1).by_page()
            await anext(pages, None)

    @contextmanager
    def _explaining(self, doing: str) -> Generator[None]:
        try:
            yield
        except AzureError as error:
            raise explain_refusal(error, self._container, doing) from error

    async def _can_be_written(self) -> bool:
        """Return whether the container is there; raise when it is and may not be written to."""
        blob = self._container.get_blob_client(_NEVER_WRITTEN)
        try:
            # No blob has this ETag, so the service checks the right to write and then writes nothing.
            await blob.upload_blob(b"", overwrite=True, **_IMPOSSIBLE, **_NO_RETRY)
        except ResourceModifiedError:
            return True
        except ResourceNotFoundError as error:
            code = read_code(error)
            if code not in {"BlobNotFound", "ContainerNotFound"}:
                raise
            return code == "BlobNotFound"
        return True

    async def _create_container(self) -> None:
        try:
            await self._container.create_container()
        except ResourceExistsError as error:
            if read_code(error) != "ContainerAlreadyExists":  # that is another collector, which was faster
                raise

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **_: Any
    ) -> Iterable[dict[str, Any]]:
        """Return the checkpoints of one consumer group and remember their ETags: the SDK asks when it has claimed.

        Where a partition has none in our path, that of the Go SDK counts. It is left as it is: the next checkpoint
        goes to our path, which counts from then on.
        """
        prefix = f"{fully_qualified_namespace}/{eventhub_name}/{consumer_group}/checkpoint/".lower()
        found: list[dict[str, Any]] = []
        async for blob in self._container.list_blobs(name_starts_with=prefix, include=["metadata"]):
            sequence_number = int(blob.metadata["sequencenumber"])
            self._seen[blob.name] = (blob.etag, sequence_number)
            found.append(
                {
                    "fully_qualified_namespace": fully_qualified_namespace,
                    "eventhub_name": eventhub_name,
                    "consumer_group": consumer_group,
                    "partition_id": blob.name.rpartition("/")[2],
                    "sequence_number": sequence_number,
                    "offset": blob.metadata["offset"],
                    "written_at": blob.last_modified,
                }
                | ({"hub_created_ms": int(blob.metadata[_CREATION])} if _CREATION in blob.metadata else {})
            )
        present = {checkpoint["partition_id"] for checkpoint in found}
        names = (fully_qualified_namespace, eventhub_name, consumer_group)
        found += [
            each for each in await list_other_spellings(self._container, names) if each["partition_id"] not in present
        ]
        return found

    def discard_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the next checkpoint of this partition be a lower one: its hub was made anew and counts from 0."""
        blob_name = _blob_name(checkpoint, "checkpoint")
        if (seen := self._seen.get(blob_name)) is not None:
            self._seen[blob_name] = (seen[0], -1)

    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **_: Any
    ) -> Iterable[dict[str, Any]]:
        """Return who owns what, as the SDK's store does, but without its silent retries.

        The SDK holds the storage's time of each claim against this machine's clock; with a clock that is an hour wrong
        it would take every partition of others for abandoned, or none. So the times are told as by this machine's
        clock, from the ``Date`` of the same answer.
        """
        names = (fully_qualified_namespace, eventhub_name, consumer_group)
        self._groups.add(names)
        ahead = [0.0]

        def compare_clocks(response: Any) -> None:
            date = response.http_response.headers.get("Date")
            ahead[0] = time.time() - parsedate_to_datetime(date).timestamp() if date else 0.0

        listed = await super().list_ownership(*names, raw_response_hook=compare_clocks, **_NO_RETRY)
        return [each | {"last_modified_time": each["last_modified_time"] + ahead[0]} for each in listed]

    async def claim_ownership(self, ownership_list: Iterable[dict[str, Any]], **_: Any) -> Iterable[dict[str, Any]]:
        """Claim, renew or release partitions through the SDK's store, and remember what was written.

        A partition that we own by what was just listed, and have renewed a moment ago, is left as it is.
        """
        fresh: list[dict[str, Any]] = []
        due: list[dict[str, Any]] = []
        for ownership in ownership_list:
            (fresh if self._is_fresh(ownership) else due).append(dict(ownership))
        listed = {ownership["partition_id"]: ownership.get("etag") for ownership in due}
        claimed = list(await super().claim_ownership(due, **_NO_RETRY))
        for ownership in claimed:
            # When a write fails in another way than by its ETag, the SDK goes on as if it had succeeded.
            if _bare(ownership.get("etag")) != _bare(listed[ownership["partition_id"]]):
                self._note_claim(ownership)
        return fresh + claimed

    def _is_fresh(self, ownership: dict[str, Any]) -> bool:
        claim = self._claims.get(_blob_name(ownership, "ownership"))
        if claim is None or (claim.owner, claim.etag) != (ownership["owner_id"], _bare(ownership.get("etag"))):
            return False
        return self._clock() - claim.made < _RENEWAL_SECONDS

    def _note_claim(self, ownership: dict[str, Any]) -> None:
        blob_name, owner = _blob_name(ownership, "ownership"), ownership["owner_id"]
        if owner:
            self._claims[blob_name] = _Claim(owner, _bare(ownership["etag"]), self._clock())
        else:
            self._claims.pop(blob_name, None)

    async def release(self) -> None:
        """Give back what is still ours, so that another collector need not wait until it expires.

        The SDK does so for each partition that it closes, but not for one that it was renewing at that moment.

        Raises:
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        owners = {claim.owner for claim in self._claims.values()}
        if not owners:
            return
        for names in self._groups:
            held = [each for each in await self.list_ownership(*names) if each["owner_id"] in owners]
            await self.claim_ownership([each | {"owner_id": ""} for each in held])

    async def update_checkpoint(self, checkpoint: dict[str, Any], **_: Any) -> None:
        """Store a checkpoint unless a later one is there.

        Raises:
            StaleOwnerError: someone else has written it since the partition was claimed, and owns the partition.
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        if await self._write_if_later(checkpoint):
            return
        if not await self._still_ours(checkpoint):
            raise StaleOwnerError(_blob_name(checkpoint, "checkpoint"))
        # The former owner wrote once more after we had read its checkpoint: go on from there.
        await self._look_again(_blob_name(checkpoint, "checkpoint"))
        if not await self._write_if_later(checkpoint):
            raise StaleOwnerError(_blob_name(checkpoint, "checkpoint"))

    async def _write_if_later(self, checkpoint: dict[str, Any]) -> bool:
        """Return whether the store now holds this checkpoint or a later one; False if someone else changed it."""
        blob_name = _blob_name(checkpoint, "checkpoint")
        sequence_number = int(checkpoint["sequence_number"])
        seen = self._seen.get(blob_name)
        if seen is not None and seen[1] >= sequence_number:
            return True
        metadata = {"offset": str(checkpoint["offset"]), "sequencenumber": str(sequence_number)}
        if "hub_created_ms" in checkpoint:
            metadata[_CREATION] = str(checkpoint["hub_created_ms"])
        try:
            etag = await self._write(blob_name, metadata, seen[0] if seen else None)
        except (ResourceModifiedError, ResourceExistsError, ResourceNotFoundError):
            return False
        self._seen[blob_name] = (etag, sequence_number)
        return True

    async def _still_ours(self, checkpoint: dict[str, Any]) -> bool:
        blob_name = _blob_name(checkpoint, "ownership")
        claim = self._claims.get(blob_name)
        if claim is None:
            return False
        try:
            properties = await self._container.get_blob_client(blob_name).get_blob_properties(**_NO_RETRY)
        except ResourceNotFoundError:
            return False
        return properties.metadata.get("ownerid") == claim.owner

    async def _look_again(self, blob_name: str) -> None:
        try:
            properties = await self._container.get_blob_client(blob_name).get_blob_properties(**_NO_RETRY)
        except ResourceNotFoundError:
            self._seen.pop(blob_name, None)
        else:
            self._seen[blob_name] = (properties.etag, int(properties.metadata["sequencenumber"]))

    async def _write(self, blob_name: str, metadata: dict[str, str], etag: str | None) -> str:
        blob = self._container.get_blob_client(blob_name)
        if etag is None:
            written = await blob.upload_blob(b"", metadata=metadata, overwrite=False, **_NO_RETRY)
        else:
            condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
            written = await blob.set_blob_metadata(metadata, **condition, **_NO_RETRY)
        return str(written["etag"])


def _blob_name(names: dict[str, Any], kind: str) -> str:
    keys = ("fully_qualified_namespace", "eventhub_name", "consumer_group")
    return "/".join((*(names[key] for key in keys), kind, names["partition_id"])).lower()


def _bare(etag: str | None) -> str:
    """An ETag for comparison: headers carry it in quotes, listings without."""
    return (etag or "").strip('"')
