"""Installing on the engine, looking at what is there, and failing clearly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from elasticsearch import AsyncElasticsearch

from collector import __version__
from collector.assets.errors import AssetError, AssetsUnreadableError
from collector.assets.installation import install
from collector.assets.presence import missing_assets
from collector.assets.setup.plan import Outcome

PIPELINE = f"logs-aoai.logs-{__version__}"
COMPONENT = "logs-aoai.deadletter@package"

engine = pytest.mark.engine


@pytest.fixture
async def client(engine_url: str, logs_pipeline: str) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(engine_url, request_timeout=60) as client:
        (shipped,) = (await client.cluster.get_component_template(name=COMPONENT))["component_templates"]
        yield client
        await client.cluster.put_component_template(name=COMPONENT, body=shipped["component_template"])
        await install(client)


@asynccontextmanager
async def refusing(*, introduces_itself: bool) -> AsyncIterator[AsyncElasticsearch]:
    """A server that refuses everything, save perhaps to say what it is."""
    headers = {"X-Elastic-Product": "Elasticsearch"}

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/" and introduces_itself:
            return web.json_response({"version": {"number": "8.17.0", "build_flavor": "default"}}, headers=headers)
        error = {"type": "security_exception", "reason": "action is unauthorized for this key"}
        return web.json_response({"error": error, "status": 403}, status=403, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server, AsyncElasticsearch(str(server.make_url(""))) as client:
        yield client


@engine
async def test_installing_twice_changes_nothing(client: AsyncElasticsearch) -> None:
    report = await install(client)
    assert {result.outcome for result in report.results} == {Outcome.UNCHANGED}


@engine
async def test_what_somebody_edited_is_as_shipped_again(client: AsyncElasticsearch) -> None:
    await client.ingest.put_pipeline(id=PIPELINE, processors=[])
    report = await install(client)
    assert [result.asset.name for result in report.results if result.outcome is Outcome.UPDATED] == [PIPELINE]


@engine
async def test_what_was_deleted_is_created_again(client: AsyncElasticsearch) -> None:
    await client.ingest.delete_pipeline(id=PIPELINE)
    report = await install(client)
    assert [result.asset.name for result in report.results if result.outcome is Outcome.CREATED] == [PIPELINE]
    assert report.count(Outcome.CREATED) == 1


@engine
async def test_nothing_is_missing_after_installation(client: AsyncElasticsearch) -> None:
    assert await missing_assets(client) == []


@engine
async def test_a_deleted_pipeline_is_missing(client: AsyncElasticsearch) -> None:
    await client.ingest.delete_pipeline(id=PIPELINE)
    assert await missing_assets(client) == [f"ingest pipeline {PIPELINE}"]


@engine
async def test_a_template_of_another_version_is_missing(client: AsyncElasticsearch) -> None:
    meta = {"package": {"name": "aoai", "version": "0.0.0"}, "managed_by": "aoai-collector"}
    await client.cluster.put_component_template(name=COMPONENT, template={"settings": {}}, meta=meta)
    assert await missing_assets(client) == [f"component template {COMPONENT}"]


@engine
@pytest.mark.parametrize(("package", "missing"), [("aoai", []), ("other", [f"component template {COMPONENT}"])])
async def test_a_template_that_fleet_installed_with_our_package_is_not_missing(
    client: AsyncElasticsearch, package: str, missing: list[str]
) -> None:
    meta = {"package": {"name": package}, "managed_by": "fleet", "managed": True}
    await client.cluster.put_component_template(name=COMPONENT, template={"settings": {}}, meta=meta)
    assert await missing_assets(client) == missing


@engine
async def test_what_fleet_installed_is_not_overwritten(client: AsyncElasticsearch) -> None:
    name, meta = "logs-aoai.logs", {"package": {"name": "aoai"}, "managed_by": "fleet", "managed": True}
    (before,) = (await client.indices.get_index_template(name=name))["index_templates"]
    await client.indices.put_index_template(name=name, body={**before["index_template"], "_meta": meta})
    try:
        with pytest.raises(AssetError, match="Fleet has installed the package aoai here"):
            await install(client)
        (after,) = (await client.indices.get_index_template(name=name))["index_templates"]
    finally:
        await client.indices.put_index_template(name=name, body=before["index_template"])
    assert after["index_template"]["_meta"] == meta


@engine
async def test_the_users_component_template_stays_as_it_is(client: AsyncElasticsearch) -> None:
    name, template = "logs-aoai.logs@custom", {"settings": {"index": {"refresh_interval": "7s"}}}
    await client.cluster.put_component_template(name=name, template=template)
    try:
        await install(client)
        response = await client.cluster.get_component_template(name=name)
    finally:
        await client.cluster.delete_component_template(name=name)
    (stored,) = response["component_templates"]
    assert stored["component_template"]["template"]["settings"] == {"index": {"refresh_interval": "7s"}}


@pytest.mark.parametrize(
    ("introduces_itself", "said"),
    [(True, r"ingest pipelines .*aoai.*unauthorized.*403"), (False, r"what the server is .*unauthorized.*403")],
)
async def test_a_key_that_may_not_look_is_told_apart_from_missing_assets(introduces_itself: bool, said: str) -> None:
    async with refusing(introduces_itself=introduces_itself) as client:
        with pytest.raises(AssetsUnreadableError, match=said):
            await missing_assets(client)


async def test_a_server_that_is_not_there_is_named_as_the_reason(unused_tcp_port: int) -> None:
    async with AsyncElasticsearch(f"http://127.0.0.1:{unused_tcp_port}", max_retries=0) as client:
        with pytest.raises(AssetError, match="the server does not answer"):
            await install(client)
