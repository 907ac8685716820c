"""The key that `setup` makes does all that the collector does, and nothing else: on a real Elasticsearch with security.

S4 of docs/guarantees.md. Skipped without ``--security-engine``.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, AsyncElasticsearch
from plugins.daemon import HUB, Documents, Job
from plugins.feeding import feed
from plugins.secured_elasticsearch import PASSWORD, USER, SecuredElasticsearch, listing_data_streams
from typer.testing import CliRunner, Result

from collector.assets.bodies import ShippedBody, shipped_bodies
from collector.assets.setup.elasticsearch import listing
from collector.assets.setup.kinds import Kind
from collector.cli import app
from collector.emulators.event_hubs import EventHubsEmulator, Hub

pytestmark = pytest.mark.timeout(600)
"""The first test starts the server, and fetches it if need be."""
NAMESPACE = "secured"
REPLACED = {"match_only_text": "text", "constant_keyword": "keyword", "scaled_float": "double"}
"""Field types that this distribution lacks, and the nearest that it has."""


def adapt(each: ShippedBody) -> ShippedBody:
    """What this server can store: pipelines without processors, since it has none, and types that it has."""
    body = deepcopy(each.body)
    if each.kind is Kind.PIPELINE:
        body = {"processors": [], "_meta": body["_meta"]}
    replace_types(body)
    return ShippedBody(each.kind, each.name, body)


def replace_types(value: Any) -> None:
    if isinstance(value, list):
        for entry in value:
            replace_types(entry)
    elif isinstance(value, dict):
        kind = value.get("type")
        if isinstance(kind, str) and kind in REPLACED:
            value.pop("value", None)
            value.pop("scaling_factor", None)
            value["type"] = REPLACED[kind]
        for inner in value.values():
            replace_types(inner)


@pytest.fixture
def adapted(monkeypatch: pytest.MonkeyPatch) -> tuple[ShippedBody, ...]:
    """Make `setup` ship what this server can store."""
    shipped = tuple(adapt(each) for each in shipped_bodies(embedded=False))

    def ship(*, embedded: bool) -> tuple[ShippedBody, ...]:
        assert not embedded
        return shipped

    monkeypatch.setattr(listing, "shipped_bodies", ship)
    return shipped


@pytest.fixture
async def admin(secured_elasticsearch: SecuredElasticsearch) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(secured_elasticsearch.url, basic_auth=secured_elasticsearch.login) as client:
        yield client


async def run_setup(server: SecuredElasticsearch, *options: str) -> Result:
    arguments = ["setup", "--elasticsearch", server.url, "--username", USER, *options]
    environment = {"AOAI_SETUP_PASSWORD": PASSWORD, "AOAI_SETUP_API_KEY": None, "COLUMNS": "200"}
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)


@pytest.fixture
async def key(secured_elasticsearch: SecuredElasticsearch, adapted: tuple[ShippedBody, ...]) -> str:
    """A key that `setup` printed, in a cluster that is as `setup` leaves it."""
    result = await run_setup(secured_elasticsearch)
    assert result.exit_code == 0, result.output
    result = await run_setup(secured_elasticsearch, "--only", "api-key")
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


@pytest.fixture
async def collector(secured_elasticsearch: SecuredElasticsearch, key: str) -> AsyncIterator[AsyncElasticsearch]:
    """A client with that key."""
    identity, _, secret = key.partition(":")
    async with AsyncElasticsearch(secured_elasticsearch.url, api_key=(identity, secret)) as client:
        yield client


async def test_a_second_run_changes_nothing(
    secured_elasticsearch: SecuredElasticsearch, adapted: tuple[ShippedBody, ...], key: str
) -> None:
    result = await run_setup(secured_elasticsearch, "--only", "role", *_kinds(adapted))
    assert result.stdout.strip() == f"{len(adapted) + 3} unchanged"


def _kinds(shipped: tuple[ShippedBody, ...]) -> list[str]:
    return [option for kind in {each.kind for each in shipped} for option in ("--only", kind.option)]


async def test_a_key_with_other_rights_is_brought_up_to_date(
    secured_elasticsearch: SecuredElasticsearch, admin: AsyncElasticsearch, key: str
) -> None:
    identity = key.partition(":")[0]
    rights = {"aoai_collector": {"cluster": ["all"], "indices": []}}
    await admin.security.update_api_key(id=identity, role_descriptors=rights)
    result = await run_setup(secured_elasticsearch)
    assert "updated" in result.stdout
    (stored,) = (await admin.security.get_api_key(id=identity))["api_keys"]
    assert stored["role_descriptors"]["aoai_collector"]["cluster"] == ["monitor"]


async def test_uninstalling_leaves_nothing_but_what_data_streams_hold(
    secured_elasticsearch: SecuredElasticsearch, admin: AsyncElasticsearch, key: str
) -> None:
    answer = (await admin.indices.resolve_index(name="*-aoai.*"))["data_streams"]
    held = {"-".join(stream["name"].split("-")[:2]) for stream in answer}
    result = await run_setup(secured_elasticsearch, "--uninstall", "--yes")
    assert result.exit_code == 0, result.output
    stored = await admin.options(ignore_status=404).indices.get_index_template(name="*-aoai.*")
    templates = stored["index_templates"]
    assert {each["name"] for each in templates} == held
    assert [name for name in await admin.security.get_role() if name.startswith("aoai_")] == []
    assert (await admin.security.get_api_key(name="aoai-collector", active_only=True))["api_keys"] == []


DOCUMENT = {"@timestamp": "2026-01-01T00:00:00Z"}
FORBIDDEN: dict[str, tuple[str, str, Any]] = {
    "delete a document": ("DELETE", "/{index}/_doc/one", None),
    "update a document": ("POST", "/{index}/_update/one", {"doc": {"a": 1}}),
    "overwrite a document": (
        "PUT",
        "/{index}/_doc/one?if_seq_no=0&if_primary_term=1",
        {"@timestamp": "2026-01-01T00:00:00Z"},
    ),
    "delete by query": ("POST", "/{stream}/_delete_by_query", {"query": {"match_all": {}}}),
    "delete the index": ("DELETE", "/{index}", None),
    "change its settings": ("PUT", "/{stream}/_settings", {"index": {"refresh_interval": "1s"}}),
    "roll over": ("POST", "/{stream}/_rollover", None),
    "write elsewhere": ("POST", "/logs-other-default/_doc?op_type=create", DOCUMENT),
    "read elsewhere": ("GET", "/.security-7/_search", None),
    "write a pipeline": ("PUT", "/_ingest/pipeline/x", {"processors": []}),
    "write an index template": ("PUT", "/_index_template/x", {"index_patterns": ["x-*"]}),
    "make a role": ("PUT", "/_security/role/x", {"cluster": ["all"]}),
    "make a key": ("POST", "/_security/api_key", {"name": "x", "role_descriptors": {"x": {"cluster": ["all"]}}}),
    "change the cluster": ("PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "true"}}),
}


@pytest.mark.parametrize("call", FORBIDDEN)
async def test_what_the_collector_never_does_is_forbidden(
    collector: AsyncElasticsearch, admin: AsyncElasticsearch, call: str
) -> None:
    stream = "logs-aoai.logs-forbidden"
    await admin.options(ignore_status=409).create(index=stream, id="one", document=DOCUMENT)
    (found,) = (await admin.indices.resolve_index(name=stream))["data_streams"]
    method, path, body = FORBIDDEN[call]
    headers = {"accept": "application/json", "content-type": "application/json"}
    target = path.format(stream=stream, index=found["backing_indices"][0])
    with pytest.raises(ApiError) as refused:
        await collector.perform_request(method, target, headers=headers, body=body)
    assert refused.value.status_code == 403, refused.value


async def test_a_login_by_key_cannot_make_a_key(
    secured_elasticsearch: SecuredElasticsearch, admin: AsyncElasticsearch
) -> None:
    made = await admin.security.create_api_key(name="of-an-administrator")
    login = f"{made['id']}:{made['api_key']}"
    arguments = ["setup", "--elasticsearch", secured_elasticsearch.url, "--only", "api-key"]
    environment = {"AOAI_SETUP_API_KEY": login, "AOAI_SETUP_PASSWORD": None, "COLUMNS": "200"}
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)
    assert result.exit_code == 3
    assert "a login by API key cannot make a key that has privileges" in result.stdout
    assert login not in result.output


async def test_the_whole_job_is_done_with_the_key(
    secured_elasticsearch: SecuredElasticsearch, admin: AsyncElasticsearch, key: str, tmp_path: Path
) -> None:
    """Records, a dead letter, a kill, a rollover and the replay window after it: nothing lost, nothing doubled."""
    documents = Documents(admin, NAMESPACE)
    async with (
        listing_data_streams(secured_elasticsearch.url) as url,
        EventHubsEmulator([Hub(HUB, 4)]) as hub,
    ):
        job = Job(hub, NAMESPACE, tmp_path, url)
        job.write_policy(output={"api_key": key}).chmod(0o600)
        try:
            fed = feed(hub, events=40, per_event=25)
            hub.append(HUB, "0", b"\x80 not json")
            daemon = await job.start()
            await documents.wait_for("aoai.logs", len(fed))
            await documents.wait_for("aoai.deadletter", 1)
            await daemon.kill()
            await documents.roll_over("aoai.logs")
            fed |= feed(hub, events=8, per_event=25)
            daemon = await job.start()
            await documents.wait_for("aoai.logs", len(fed))
            assert await daemon.stop() == 0
            replay = await _replay_letters(job.policy, job.data)
        finally:
            await job.end()
    records = [json.loads(source["message"]) for source in await documents.sources("aoai.logs")]
    assert sorted(record["correlationId"] for record in records) == sorted(fed)
    assert replay == 3  # the one letter holds no record, which is what exit code 3 says


async def _replay_letters(policy: Path, data: Path) -> int:
    command = ("-m", "collector", "replay", "dead-letters", "--policy", str(policy), "--data", str(data))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=dict(os.environ), stdout=asyncio.subprocess.DEVNULL
    )
    return await process.wait()
