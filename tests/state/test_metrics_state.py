"""Where metrics stand: shards and the ledger, in SQLite and in Blob storage, and who may write them."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.storage.blob.aio import BlobLeaseClient, ContainerClient
from plugins.azurite import Azurite
from plugins.fault_proxy import FaultProxy

from collector.state.blob_lease import LEASE_SECONDS, PollingLease
from collector.state.blob_shards import BlobStreamShards
from collector.state.ownership import StaleOwnerError
from collector.state.sqlite_shards import SqliteShards, SqliteShardsReading

STREAM = "azure/metrics-Azure.Open_AI"


@pytest.fixture
async def container(azurite: Azurite) -> AsyncIterator[ContainerClient]:
    async with ContainerClient.from_connection_string(azurite.connection_string, f"m{uuid.uuid4().hex}") as client:
        await client.create_container()
        yield client


class TestSqlite:
    async def test_what_was_saved_is_there_after_a_restart(self, tmp_path: Path) -> None:
        store = SqliteShards(tmp_path)
        await store.of_stream(STREAM).save("eastus|a", b"\x00one", [])
        await store.of_stream(STREAM).save("eastus|b", b"two", [])
        await store.of_stream(STREAM).save("eastus|a", b"three", [])
        store.close()

        assert await SqliteShards(tmp_path).of_stream(STREAM).load() == {"eastus|a": b"three", "eastus|b": b"two"}

    async def test_streams_do_not_see_each_other(self, tmp_path: Path) -> None:
        store = SqliteShards(tmp_path)
        await store.of_stream(STREAM).save("a", b"one", [b"line"])

        assert await store.of_stream("other").load() == {}
        assert await SqliteShardsReading(tmp_path, "other").ledger() == []

    async def test_another_process_reads_it_while_it_is_open(self, tmp_path: Path) -> None:
        store = SqliteShards(tmp_path)
        await store.of_stream(STREAM).save("a", b"one", [b"first", b"second"])
        await store.of_stream(STREAM).save("a", b"two", [b"third"])
        reading = SqliteShardsReading(tmp_path, STREAM)

        assert await reading.load() == {"a": b"two"}
        assert await reading.ledger() == [b"first", b"second", b"third"]

    async def test_a_folder_without_metrics_holds_nothing(self, tmp_path: Path) -> None:
        reading = SqliteShardsReading(tmp_path, STREAM)

        assert await reading.load() == {}
        assert list(await reading.ledger()) == []


@pytest.mark.azurite
class TestBlob:
    async def test_what_was_saved_is_there_for_the_next_collector(self, container: ContainerClient) -> None:
        store = BlobStreamShards(container, STREAM)
        await store.load()
        await store.save("eastus|a", b"\x00one", [])
        await store.save("eastus|b", b"two", [])
        await store.save("eastus|a", b"three", [])

        assert await BlobStreamShards(container, STREAM).load() == {"eastus|a": b"three", "eastus|b": b"two"}
        assert await BlobStreamShards(container, "other").load() == {}

    async def test_the_ledger_keeps_every_line_in_order(self, container: ContainerClient) -> None:
        store = BlobStreamShards(container, STREAM)
        await store.save("a", b"one", [b"first", b"second"])
        await store.save("a", b"two", [b"third"])

        assert await BlobStreamShards(container, STREAM).ledger() == [b"first", b"second", b"third"]
        assert await BlobStreamShards(container, "other").ledger() == []

    async def test_a_collector_that_was_overtaken_cannot_write(self, container: ContainerClient) -> None:
        first, second = BlobStreamShards(container, STREAM), BlobStreamShards(container, STREAM)
        await first.save("a", b"one", [])
        await second.load()
        await second.save("a", b"two", [])

        with pytest.raises(StaleOwnerError):
            await first.save("a", b"stale", [])
        assert await BlobStreamShards(container, STREAM).load() == {"a": b"two"}

    async def test_two_collectors_that_found_nothing_do_not_both_begin(self, container: ContainerClient) -> None:
        first, second = BlobStreamShards(container, STREAM), BlobStreamShards(container, STREAM)
        await first.load()
        await second.load()
        await first.save("a", b"one", [])

        with pytest.raises(StaleOwnerError):
            await second.save("a", b"two", [])


@pytest.mark.azurite
class TestLease:
    async def test_one_collector_holds_it_and_the_next_has_it_when_it_is_given_back(
        self, container: ContainerClient
    ) -> None:
        first, second = PollingLease(container, STREAM), PollingLease(container, STREAM)

        assert await first.acquire()
        assert not await second.acquire()
        assert (first.held, second.held) == (True, False)
        await first.release()
        assert await second.acquire()
        assert not first.held

    async def test_streams_have_leases_of_their_own(self, container: ContainerClient) -> None:
        assert await PollingLease(container, STREAM).acquire()
        assert await PollingLease(container, "other").acquire()

    async def test_it_is_renewed_while_it_is_ours(self, container: ContainerClient) -> None:
        now = 0.0
        lease = PollingLease(container, STREAM, clock=lambda: now)
        await lease.acquire()
        now = LEASE_SECONDS - 1.0
        assert await lease.renew()
        now = 2 * LEASE_SECONDS - 2.0
        assert lease.held

    async def test_it_is_no_longer_ours_when_its_time_is_over_by_our_own_clock(
        self, container: ContainerClient
    ) -> None:
        now = 0.0
        lease = PollingLease(container, STREAM, clock=lambda: now)
        await lease.acquire()
        now = float(LEASE_SECONDS)
        assert not lease.held

    async def test_it_is_not_renewed_once_another_has_it(self, container: ContainerClient) -> None:
        first, second = PollingLease(container, STREAM), PollingLease(container, STREAM)
        await first.acquire()
        await end_every_lease(container)
        assert await second.acquire()

        assert not await first.renew()
        assert not first.held

    async def test_storage_that_does_not_answer_leaves_it_ours_until_its_time_is_over(
        self, azurite: Azurite, container: ContainerClient
    ) -> None:
        now = 0.0
        async with FaultProxy(azurite.port) as proxy:
            text = azurite.connection_string.replace(f":{azurite.port}/", f":{proxy.port}/")
            async with ContainerClient.from_connection_string(text, container.container_name) as client:
                lease = PollingLease(client, STREAM, clock=lambda: now)
                await lease.acquire()
                await proxy.refuse()
                now = LEASE_SECONDS - 1.0
                assert await lease.renew()
                now = float(LEASE_SECONDS)
                assert not await lease.renew()


async def end_every_lease(container: ContainerClient) -> None:
    """End them as their expiry does, without waiting for it."""
    async for blob in container.list_blobs():
        await BlobLeaseClient(container.get_blob_client(blob.name)).break_lease(0)
