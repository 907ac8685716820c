"""The command `check`: its exit codes, table and JSON; that it is done in time; that it shows no secret."""

import asyncio
import base64
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from plugins.azure_sdk import SDK_HABITS
from plugins.checking import write_policy
from plugins.kibana import ADMIN, open_kibana_rig
from plugins.policy_file import stream_of
from plugins.setup_cluster import ADMIN as CLUSTER_ADMIN
from plugins.setup_cluster import SetupCluster, run_setup, serving_setup
from typer.testing import CliRunner, Result

from collector.check import MEANINGS, Finding, Outcome, Probe, Row, run_probes
from collector.check.reference import PAGE, render_page
from collector.cli import app
from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.emulators.kibana import Instance, User

NAME = "nobody.example"
ID = "33333333-3333-4333-8333-333333333333"
CODED = base64.b64encode(b"canary of a key").decode()
pytestmark = [*SDK_HABITS]
LOGIN = {"username": CLUSTER_ADMIN.username, "password": CLUSTER_ADMIN.password}


async def run_check(policy: Path, *options: str, password: str = ADMIN.password or "") -> Result:
    environment = {"AOAI_SETUP_PASSWORD": password, "AOAI_SETUP_API_KEY": None, "COLUMNS": "250"}
    arguments = ["check", "--policy", str(policy), "--data", str(policy.parent / "data"), *options]
    root = logging.getLogger()  # the command silences the log of its process, which is that of the tests
    handlers, level = root.handlers[:], root.level
    try:
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert "Traceback" not in result.output
    return result


def rows_of(result: Result) -> dict[str, dict[str, Any]]:
    """Rows of JSON by name, the first of each."""
    report = json.loads(result.stdout)
    assert report["ok"] is (result.exit_code == 0)
    assert sum(report["counts"].values()) == len(report["rows"])
    return {row["row"]: row for row in reversed(report["rows"])}


async def test_where_all_is_well_it_ends_with_0_and_nothing_was_written(tmp_path: Path) -> None:
    async with EventHubsEmulator([Hub("hub", 1)]) as hub, serving_setup(SetupCluster()) as cluster:
        assert (await run_setup(cluster)).exit_code == 0
        before = cluster.snapshot()
        async with open_kibana_rig() as kibana:
            policy = write_policy(tmp_path, stream_of(hub, "hub"), hosts=[cluster.url], **LOGIN)
            url = f"http://localhost:{kibana.emulator.port}"
            result = await run_check(policy, "--json", "--kibana", url, "--username", ADMIN.name)
        assert cluster.snapshot() == before

    assert result.exit_code == 0, result.output
    rows = rows_of(result)
    assert rows["kibana"]["what"] == "it answers and has the space default; licence basic"
    assert rows["event hub"]["outcome"] == "ok"
    assert rows["assets"]["outcome"] == "ok"
    assert os.listdir(tmp_path) == ["policy.yml"]  # noqa: PTH208 - not of the loop's business


async def test_the_table_names_each_failure_with_its_fix(tmp_path: Path) -> None:
    hub = {"eventhub": "hub", "connection_string": "Endpoint=sb://localhost:9;SharedAccessKeyName=n;"}
    hub["connection_string"] += "SharedAccessKey=canary;UseDevelopmentEmulator=true"
    result = await run_check(write_policy(tmp_path, hub))

    assert result.exit_code == 1
    failed = [line for line in result.stdout.splitlines() if line.lstrip().startswith("failed")]
    assert [line.split()[1] for line in failed] == ["connection", "connection", "event", "elasticsearch"]
    assert "Check that the server runs, and let port 9 through the firewalls in between" in result.stdout
    assert "canary" not in result.output


async def test_a_wrong_policy_ends_with_2_and_each_mistake(tmp_path: Path) -> None:
    policy = write_policy(tmp_path, {"eventhub": "hub", "conection_string": "canary"}, path=7)

    result = await run_check(policy, "--json")

    assert result.exit_code == 2
    report = json.loads(result.stdout)
    mistakes = [row for row in report["rows"] if row["row"] == "policy"]
    assert {row["outcome"] for row in mistakes} == {"failed"}
    assert any("Did you mean 'connection_string'" in row["fix"] for row in mistakes)
    others = {row["row"]: row["outcome"] for row in report["rows"] if row["row"] != "policy"}
    assert others == dict.fromkeys(set(Row) - {Row.POLICY}, "not run")
    assert "canary" not in result.output


async def test_a_key_that_is_not_used_is_a_warning(tmp_path: Path) -> None:
    keys = {"eventhub": "hub", "connection_string": "Endpoint=sb://localhost:9;SharedAccessKeyName=n;SharedAccessKey=k"}
    policy = write_policy(
        tmp_path, {**keys, "custom_endpoint_address": "localhost:9"}, bulk_max_bytes=2**20, preset="balanced"
    )

    row = rows_of(await run_check(policy, "--json"))["policy"]

    assert row["outcome"] == "warning"
    assert "preset" in row["what"]


@pytest.mark.parametrize(
    ("instance", "user", "what"),
    [
        (Instance(version="8.15.0"), ADMIN, "Kibana 8.15.0 is too old"),
        (Instance(level="unavailable"), ADMIN, "Kibana is unavailable"),
        (Instance(), User("elastic", password="another"), "Kibana does not know this login (status 401)"),
        (Instance(), User("elastic", password=ADMIN.password), "there is no space default, or this login may not"),
        (None, ADMIN, "it cannot be reached"),
    ],
    ids=["too old", "down", "wrong password", "no privilege", "not there"],
)
async def test_a_kibana_that_cannot_be_used_fails(
    tmp_path: Path, instance: Instance | None, user: User, what: str
) -> None:
    hub = {"eventhub": "hub", "connection_string": "Endpoint=sb://localhost:9;SharedAccessKeyName=n;SharedAccessKey=k"}
    policy = write_policy(tmp_path, {**hub, "custom_endpoint_address": "localhost:9"})
    async with open_kibana_rig(instance, users=[user]) as kibana:
        port = kibana.emulator.port if instance else 9
        result = await run_check(policy, "--json", "--kibana", f"http://localhost:{port}", "--username", "elastic")

    row = rows_of(result)["kibana"]
    assert row["outcome"] == "failed"
    assert row["what"].startswith(what)
    assert row["fix"]


async def hang() -> AsyncGenerator[Finding]:
    yield Finding(Row.DNS, "slow", Outcome.OK, "there")
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(3600)


async def answer() -> AsyncGenerator[Finding]:
    yield Finding(Row.KIBANA, "quick", Outcome.OK, "there")


async def crash() -> AsyncGenerator[Finding]:
    if Row:
        raise LookupError("canary")
    yield Finding(Row.KIBANA, "", Outcome.OK, "")


async def test_one_dead_peer_delays_no_other_and_is_left_behind() -> None:
    slow = Probe("slow", (Row.DNS, Row.CONNECTION, Row.TLS), hang)
    odd = Probe("odd", (Row.CLOCK, Row.LOGIN), crash)
    async with asyncio.timeout(60):
        findings = await run_probes([slow, Probe("quick", (Row.KIBANA,), answer), odd], limit=0.1)

    assert [(each.row, each.target, each.outcome, each.what) for each in findings] == [
        (Row.DNS, "slow", Outcome.OK, "there"),
        (Row.CONNECTION, "slow", Outcome.FAILED, "there was no answer within 0.1 s"),
        (Row.TLS, "slow", Outcome.NOT_RUN, "connection failed"),
        (Row.CLOCK, "odd", Outcome.FAILED, "it could not be looked at: LookupError"),
        (Row.LOGIN, "odd", Outcome.NOT_RUN, "clock failed"),
        (Row.KIBANA, "quick", Outcome.OK, "there"),
    ]


def test_a_name_that_is_asked_for_without_an_answer_does_not_hold_the_process() -> None:
    program = f"""
import asyncio, sys, threading
from functools import partial
from collector.check import Probe, Row, run_probes
from collector.commands import check_run
check_run.run_probes = partial(run_probes, limit=0.1)
check_run._SECONDS_TO_LEAVE = 0.1
async def ask():
    await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    yield
sys.exit(check_run.run_check([Probe("{NAME}", (Row.DNS,), ask)], as_json=True))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["target"], row["what"]) == (NAME, "there was no answer within 0.1 s")


def test_every_row_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Row)


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page(), "run: python -m collector.check.reference"


async def test_no_secret_of_a_policy_is_shown_in_any_coding(tmp_path: Path) -> None:
    """Every key that may hold a secret has one, and every server refuses the connection."""
    secret = "canary/+secret=="
    quoted, nowhere = quote(secret, safe=""), "localhost:9"
    signed = f"Endpoint=sb://{nowhere};SharedAccessSignature=SharedAccessSignature sr=x&sig={CODED}"
    login = {"tenant_id": ID, "client_id": ID, "client_secret": secret, "authority_host": f"https://{nowhere}"}
    azure = {"resource_manager_endpoint": f"https://{nowhere}", "proxy_url": f"http://name:{quoted}@{nowhere}"}
    policy = write_policy(
        tmp_path,
        {
            "eventhub": "one",
            "id": "one",
            "connection_string": f"Endpoint=sb://{nowhere};SharedAccessKeyName=n;SharedAccessKey={CODED}",
            "storage_account": "account",
            "storage_account_key": CODED,
            "storage_account_endpoint": f"https://{nowhere}",
            "custom_endpoint_address": nowhere,
        },
        {
            "eventhub": "two",
            "id": "two",
            "connection_string": signed,
            "custom_endpoint_address": nowhere,
        },
        {"subscription_id": ID, **login, **azure},
        hosts=[f"https://{nowhere}"],
        username="elastic",
        password=secret,
        headers={"X-Tenant": secret},
        proxy_url=f"http://name:{quoted}@{nowhere}",
    )
    kibana = ("--kibana", f"http://{nowhere}", "--username", "elastic")
    result = await run_check(policy, "--json", *kibana, password=secret)

    forms = {secret, quote(secret), quoted, base64.b64encode(secret.encode()).decode(), CODED}
    forms |= {base64.b64encode(f"{name}:{secret}".encode()).decode() for name in ("elastic", "name")}
    rows = json.loads(result.stdout)["rows"]
    assert {Row.CONNECTION, Row.LOGIN, Row.EVENT_HUB, Row.CHECKPOINTS, Row.ELASTICSEARCH, Row.KIBANA} <= {
        row["row"] for row in rows if row["outcome"] == "failed"
    }
    assert [form for form in forms if form in result.output] == []
