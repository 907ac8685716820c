"""What `check` says of an output: its version, clock, licence, the login's privileges, and what `setup` installs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, override

import pytest
from aiohttp import web
from plugins.checking import NOBODY, CheckReport, make_policy
from plugins.setup_cluster import ADMIN, PRODUCT, Person, SetupCluster, run_setup, serving_setup

from collector.check import Finding, Outcome, Row, run_probes
from collector.check.elasticsearch import probe_output

HUB = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true"
TARGETS = ("logs-aoai.deadletter-default", "logs-aoai.logs-default")
COLLECTING = frozenset({"monitor", "auto_configure", "create_doc", "read", "view_index_metadata"})
DAY_MS = 86_400_000


@dataclass
class WatchedCluster(SetupCluster):
    """A cluster that tells its licence and its time, too."""

    licence: Mapping[str, Any] | None = field(default_factory=lambda: {"type": "basic", "status": "active"})
    seconds_behind: float = 0.0

    @override
    async def serve(self, request: web.Request) -> web.Response:
        if request.path == "/_license" and self.licence is not None:
            return web.json_response({"license": self.licence}, headers=PRODUCT)
        if request.path == "/_nodes/_local/stats/process":
            timestamp = int((time.time() - self.seconds_behind) * 1000)
            return web.json_response({"nodes": {"a": {"timestamp": timestamp}}}, headers=PRODUCT)
        return await super().serve(request)


async def look_at_output(folder: Path, cluster: SetupCluster | str, person: Person | None = ADMIN) -> CheckReport:
    hosts = cluster if isinstance(cluster, str) else cluster.url
    login = {"username": person.username, "password": person.password} if person else {}
    policy = make_policy(folder, {"eventhub": "hub", "connection_string": HUB}, hosts=[hosts], **login)
    return CheckReport(await run_probes([probe_output("default", policy.outputs["default"], TARGETS)]))


async def look_with(folder: Path, person: Person | None = ADMIN, **cluster: Any) -> CheckReport:
    people = (ADMIN, person) if person else ()
    async with serving_setup(WatchedCluster(people=people, **cluster)) as served:
        report = await look_at_output(folder, served, person)
        assert isinstance(served, SetupCluster)
        assert served.changes == []
    return report


def tell(finding: Finding) -> tuple[Outcome, str]:
    return finding.outcome, finding.what


async def test_a_cluster_that_setup_has_prepared_is_ok(tmp_path: Path) -> None:
    async with serving_setup(WatchedCluster()) as cluster:
        assert (await run_setup(cluster)).exit_code == 0
        report = await look_at_output(tmp_path, cluster)

    assert tell(report.one(Row.ELASTICSEARCH)) == (Outcome.OK, "Elasticsearch 9.2.0 takes the login")
    assert tell(report.one(Row.LICENCE)) == (Outcome.OK, "basic, active")
    assert tell(report.one(Row.PRIVILEGES)) == (Outcome.OK, "all that collecting needs, on 2 data streams")
    assert tell(report.one(Row.ASSETS)) == (Outcome.OK, "pipelines and templates are of this version")
    assert report.one(Row.CLOCK).outcome is Outcome.OK


async def test_an_asset_that_is_missing_and_one_of_another_version_are_named(tmp_path: Path) -> None:
    async with serving_setup(WatchedCluster()) as cluster:
        assert (await run_setup(cluster)).exit_code == 0
        del cluster.stored["_index_template"]["logs-aoai.gateway"]
        cluster.stored["_component_template"]["logs-aoai.logs@package"]["_meta"]["package"]["version"] = "0.0.1"
        report = await look_at_output(tmp_path, cluster)

    found = report.one(Row.ASSETS)
    names = "component template logs-aoai.logs@package, index template logs-aoai.gateway"
    assert tell(found) == (Outcome.FAILED, f"2 are missing or of another version: {names}")
    assert found.fix.startswith("Run aoai-collector setup")


async def test_a_cluster_without_assets_fails(tmp_path: Path) -> None:
    report = await look_with(tmp_path)

    assert report.failed == {Row.ASSETS}
    assert " more" in report.one(Row.ASSETS).what


async def test_a_login_that_may_not_look_at_assets_leaves_that_row_out(tmp_path: Path) -> None:
    report = await look_with(tmp_path, Person("collector", "canary", COLLECTING))

    assert report.one(Row.ASSETS).outcome is Outcome.NOT_RUN
    assert report.one(Row.PRIVILEGES).outcome is Outcome.OK


async def test_the_login_of_setup_looks_at_assets_where_the_outputs_may_not(tmp_path: Path) -> None:
    collector = Person("collector", "canary", COLLECTING)
    async with serving_setup(WatchedCluster(people=(ADMIN, collector))) as cluster:
        assert (await run_setup(cluster)).exit_code == 0
        key = {"hosts": [cluster.url], "username": collector.username, "password": collector.password}
        policy = make_policy(tmp_path, {"eventhub": "hub", "connection_string": HUB}, **key)
        setup_login = {"basic_auth": (ADMIN.username, ADMIN.password)}
        probe = probe_output("default", policy.outputs["default"], TARGETS, setup_login)
        report = CheckReport(await run_probes([probe]))

    assert tell(report.one(Row.ASSETS)) == (Outcome.OK, "pipelines and templates are of this version")


async def test_a_login_that_may_not_write_fails(tmp_path: Path) -> None:
    report = await look_with(tmp_path, Person("reader", "canary", COLLECTING - {"create_doc"}))

    found = report.one(Row.PRIVILEGES)
    where = "logs-aoai.deadletter-default, logs-aoai.logs-default"
    assert tell(found) == (Outcome.FAILED, f"the login lacks create_doc on {where}")
    assert "docs/elasticsearch-permissions.md" in found.fix


async def test_a_login_that_may_only_write_is_a_warning(tmp_path: Path) -> None:
    report = await look_with(tmp_path, Person("writer", "canary", COLLECTING - {"read", "monitor"}))

    assert report.one(Row.PRIVILEGES).outcome is Outcome.WARNING
    assert report.one(Row.PRIVILEGES).what.startswith("the login lacks monitor, read on")


async def test_a_cluster_without_security_tells_no_privileges(tmp_path: Path) -> None:
    report = await look_with(tmp_path, None)

    assert report.one(Row.PRIVILEGES).outcome is Outcome.NOT_RUN


async def test_a_wrong_password_fails_and_nothing_else_is_asked(tmp_path: Path) -> None:
    async with serving_setup(WatchedCluster()) as cluster:
        report = await look_at_output(tmp_path, cluster, Person("elastic", "canary-wrong"))

    found = report.one(Row.ELASTICSEARCH)
    assert found.outcome is Outcome.FAILED
    assert "(status 401)" in found.what
    assert found.fix.startswith("Check the output's api_key")
    assert {each.outcome for each in report.findings if each is not found} == {Outcome.NOT_RUN}
    assert not any("canary" in f"{each.what} {each.fix}" for each in report.findings)


async def test_a_version_that_is_too_old_fails(tmp_path: Path) -> None:
    report = await look_with(tmp_path, version="8.15.3")

    found = report.one(Row.ELASTICSEARCH)
    assert tell(found) == (Outcome.FAILED, "Elasticsearch 8.15.3 is too old")
    assert found.fix == "Upgrade it to 8.16 or later, or to 9.x."


async def test_a_server_that_is_not_there_fails(tmp_path: Path) -> None:
    report = await look_at_output(tmp_path, NOBODY)

    assert report.one(Row.ELASTICSEARCH).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ({"type": "platinum", "status": "expired"}, (Outcome.WARNING, "the licence platinum is expired")),
        ({"type": "platinum", "status": "active", "days": 10}, (Outcome.WARNING, "the licence platinum ends in 10")),
        ({"type": "platinum", "status": "active", "days": 90}, (Outcome.OK, "platinum, active")),
        (None, (Outcome.NOT_RUN, "the cluster tells no licence")),
    ],
    ids=["expired", "ends soon", "ends late", "none"],
)
async def test_a_licence_is_looked_at(
    tmp_path: Path, licence: dict[str, Any] | None, expected: tuple[Outcome, str]
) -> None:
    if licence and "days" in licence:
        licence = licence | {"expiry_date_in_millis": int(time.time() * 1000) + licence["days"] * DAY_MS}
    report = await look_with(tmp_path, licence=licence)

    found = report.one(Row.LICENCE)
    assert (found.outcome, found.what[: len(expected[1])]) == expected


@pytest.mark.parametrize(
    ("behind", "expected"),
    [(-3600.0, Outcome.FAILED), (3600.0, Outcome.FAILED), (120.0, Outcome.WARNING), (5.0, Outcome.OK)],
)
async def test_a_clock_apart_from_the_clusters_is_said(tmp_path: Path, behind: float, expected: Outcome) -> None:
    found = (await look_with(tmp_path, seconds_behind=behind)).one(Row.CLOCK)

    assert found.outcome is expected
    assert ("behind" if behind < 0 else "ahead of") in found.what
    assert ("NTP" in found.fix) is (expected is not Outcome.OK)
