"""A checkpoint container that cannot be used: one clear line in the log, and the other streams go on."""

import base64

import pytest
from plugins.azurite import ACCOUNT_NAME, Azurite
from plugins.daemon import HUB, Documents, Job
from plugins.feeding import feed
from plugins.policy_file import input_of, stream_of, write_policy_file

from collector.emulators.event_hubs import EventHubsEmulator, Hub

CANARY = base64.b64encode(b"canary-in-the-mine").decode()


@pytest.mark.azurite
async def test_a_wrong_storage_key_is_one_clear_line_and_stops_no_other_stream(
    job: Job, documents: Documents, engine_namespace: str, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_KEY", CANARY)
    storage = {
        "storage_account": ACCOUNT_NAME,
        "storage_account_endpoint": azurite.blob_endpoint,
        "storage_account_key": "${env.STORAGE_KEY}",
    }
    fed = feed(job.hub, events=8, per_event=2)
    async with EventHubsEmulator([Hub("locked", 1)]) as other:
        streams = (stream_of(other, "locked", **storage), stream_of(job.hub, HUB))
        write_policy_file(job.policy, job.url, [input_of(engine_namespace, *streams)])
        daemon = await job.start()
        complaint = await daemon.wait_to_say("the checkpoint container cannot be used")
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0
    assert complaint["component"] == "stream locked"
    assert complaint["log.level"] == "error"
    # Azurite answers AuthorizationFailure, which Azure says of network rules; Azure says AuthenticationFailed of a key.
    assert complaint["error"]["message"] == (
        "account devstoreaccount1 refuses the account key for container aoai-locked: allow this machine in the "
        "account's network rules or reach it through its private endpoint, and check that the login is of this account"
    )
    assert CANARY not in daemon.text
    assert "Traceback" not in daemon.text
