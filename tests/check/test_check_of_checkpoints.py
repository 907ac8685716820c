"""What `check` says of the place where positions are kept: Azurite's containers, and folders of this machine."""

import os
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient
from plugins.azure_sdk import SDK_HABITS
from plugins.azurite import Azurite
from plugins.checking import CheckReport, make_policy

from collector.check import Finding, Outcome, Row, run_probes
from collector.check.checkpoints import probe_checkpoints

pytestmark = [*SDK_HABITS]
HUB = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=canary;UseDevelopmentEmulator=true"


async def look_at_checkpoints(folder: Path, data: Path | None = None, **keys: Any) -> Finding:
    policy = make_policy(folder, {"eventhub": "hub", "connection_string": HUB, **keys})
    (_, stream), *_ = policy.streams()
    return CheckReport(await run_probes([probe_checkpoints(stream, data or folder / "data")])).one(Row.CHECKPOINTS)


async def test_a_container_that_is_not_there_is_a_warning_and_is_not_made(azurite: Azurite, tmp_path: Path) -> None:
    container = "never-made"
    keys = {"storage_account_connection_string": azurite.connection_string, "storage_account_container": container}

    found = await look_at_checkpoints(tmp_path, **keys)

    assert found.outcome is Outcome.WARNING
    assert found.what.startswith(f"container {container} is not there yet")
    async with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        assert not await blobs.get_container_client(container).exists()


async def test_a_wrong_account_key_fails_and_is_not_shown(azurite: Azurite, tmp_path: Path) -> None:
    key = "Y2FuYXJ5IG9mIGEga2V5"
    text = azurite.connection_string.replace(azurite.account_key, key)

    found = await look_at_checkpoints(tmp_path, storage_account_connection_string=text)

    assert found.outcome is Outcome.FAILED
    assert "the account key" in found.what
    assert found.fix
    assert key not in f"{found.what} {found.fix}"


async def test_an_account_out_of_reach_fails(tmp_path: Path) -> None:
    text = "DefaultEndpointsProtocol=http;AccountName=n;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:9/n"

    found = await look_at_checkpoints(tmp_path, storage_account_connection_string=text)

    assert (found.outcome, found.what) == (Outcome.FAILED, "the host of account n cannot be reached")


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    data = tmp_path / "a" / "b"

    found = await look_at_checkpoints(tmp_path, data)

    assert (found.outcome, found.what) == (Outcome.OK, f"data folder {data}, made at the first start")
    assert not (tmp_path / "a").exists()


async def test_a_data_folder_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    found = await look_at_checkpoints(tmp_path, tmp_path / "file" / "data")

    assert (found.outcome, found.fix) == (
        Outcome.FAILED,
        "Give the user the folder, or name another with --data.",
    )


async def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = os.statvfs_result((4096, 4096, 1000, 10, 10, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: usage)

    found = await look_at_checkpoints(tmp_path, tmp_path)

    assert found.outcome is Outcome.WARNING
    assert found.what.startswith("there are 0 MiB left")
