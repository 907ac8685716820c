"""`aoai-collector setup` and an Elasticsearch in memory: what is there before, what it says, what is there after."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
from plugins.setup_cluster import SetupCluster, run_setup, serving_setup

from collector import __version__
from collector.assets.bodies import shipped_bodies
from collector.assets.setup.elasticsearch.stored_assets import ENDED

NAMES_EVER_INSTALLED = Path(__file__).with_name("names_ever_installed.txt").read_text(encoding="utf-8").split("\n")
TEMPLATE, COMPONENT = "logs-aoai.logs", "logs-aoai.logs@package"
PIPELINE = f"logs-aoai.logs-{__version__}"
MARK = {"managed_by": "aoai-collector"}


async def install(cluster: SetupCluster, *options: str) -> str:
    """A run that must succeed; returns what it printed."""
    result = await run_setup(cluster, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(output: str, first: str) -> list[str]:
    """The asset and name of each row that begins with a word."""
    return [" ".join(line.split()[1:]) for line in output.splitlines() if line.split()[:1] == [first]]


async def test_a_second_run_changes_nothing() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        before, _ = cluster.snapshot(), cluster.journal.clear()
        printed = await install(cluster)
        assert cluster.changes == []
        assert cluster.snapshot() == before
    assert re.fullmatch(r"\d+ unchanged", printed.strip())


async def test_everything_that_is_shipped_is_there_afterwards() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        names = {name for stored in cluster.stored.values() for name in stored}
    assert names == {each.name for each in shipped_bodies(embedded=False)} | {
        "aoai_collector",
        "aoai_reader",
        "aoai_setup",
    }


async def test_a_dry_run_only_reads() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        printed = await install(cluster, "--dry-run")
        assert cluster.changes == []
    assert f"index template {TEMPLATE}" in rows(printed, "create")


async def test_a_dry_run_says_each_difference() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        cluster.stored["_index_template"][TEMPLATE]["priority"] = 99
        cluster.stored["_component_template"][COMPONENT]["template"]["mappings"]["properties"]["mine"] = {"type": "ip"}
        printed = await install(cluster, "--dry-run")
    assert rows(printed, "update") == [f"component template {COMPONENT}", f"index template {TEMPLATE}"]
    assert "priority: 99 -> 250" in printed
    assert "template.mappings.properties.mine: removed" in printed


async def test_the_key_is_printed_once_and_can_do_no_more_than_the_collector_needs() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        first, second = await install(cluster), await install(cluster)
        (key,) = cluster.keys
    assert first.rstrip().endswith(f"{key['id']}:canary-{key['id']}")
    assert "canary" not in second
    assert key["role_descriptors"]["aoai_collector"] == {
        "cluster": ["monitor"],
        "indices": [
            {
                "names": ["logs-aoai.*-*", "metrics-aoai.*-*"],
                "privileges": ["auto_configure", "create_doc", "read", "view_index_metadata"],
            }
        ],
    }


async def test_another_key_is_made_on_request_and_the_first_stays() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        (first,) = cluster.keys
        printed = await install(cluster, "--only", "api-key")
        assert len(cluster.keys) == 2
        assert cluster.keys[0] == first
    assert f"stays valid until you invalidate it: {first['id']}" in printed


async def test_a_key_with_other_privileges_is_brought_up_to_date_without_a_new_secret() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        (key,) = cluster.keys
        rights = deepcopy(key["role_descriptors"])
        key["role_descriptors"]["aoai_collector"]["cluster"] = ["all"]
        printed = await install(cluster)
        assert cluster.keys == [{**key, "role_descriptors": rights}]
    assert rows(printed, "updated") == ["API key aoai-collector"]
    assert "canary" not in printed


async def test_only_the_kinds_that_were_named_are_looked_at() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster, "--only", "role", "--only", "api-key")
        paths = {path for _, path in cluster.journal}
    assert not [path for path in paths if path.startswith(("/_ingest", "/_index_template", "/_resolve"))]
    assert len(cluster.stored["_security/role"]) == 3


async def test_a_cluster_without_security_gets_neither_roles_nor_a_key() -> None:
    async with serving_setup(SetupCluster(people=())) as cluster:
        printed = await install(cluster)
        assert cluster.stored["_security/role"] == {}
    assert "API key" not in printed


async def test_a_run_that_was_cut_short_is_finished_by_the_next() -> None:
    async with serving_setup(SetupCluster(refusing=f"/{COMPONENT}")) as cluster:
        result = await run_setup(cluster)
        assert result.exit_code == 3
        assert rows(result.stdout, "refused") == [f"component template {COMPONENT}", f"index template {TEMPLATE}"]
        assert "master_not_discovered_exception: no master (status 503)" in result.stdout
        cluster.refusing = ""
        printed = await install(cluster)
    assert rows(printed, "created") == [f"component template {COMPONENT}", f"index template {TEMPLATE}"]


async def test_what_belongs_to_the_user_is_neither_written_nor_removed() -> None:
    cluster = SetupCluster()
    pipelines, components = cluster.stored["_ingest/pipeline"], cluster.stored["_component_template"]
    for name in ("logs-aoai.logs@custom", "aoai-prices@custom", "logs-aoai.logs-mine"):
        pipelines[name] = {"processors": []}
    for name in ("logs-aoai.logs@custom", "aoai@custom", "logs@custom", "logs@settings"):
        components[name] = {"template": {"settings": {"index": {"refresh_interval": "7s"}}}}
    # Kibana copies the mark when somebody clones one of ours to begin with.
    components["logs-aoai.gateway@custom"] = {"template": {}, "_meta": MARK}
    cluster.stored["_security/role"]["mine"] = {"cluster": ["all"]}
    cluster.keys = [{"id": "mine", "username": "elastic", "name": "aoai-collector", "role_descriptors": {}}]
    cluster.add_stream("logs-mine-default", None)
    before = cluster.snapshot()
    async with serving_setup(cluster):
        await install(cluster)
        await install(cluster, "--uninstall", "--with-data", "--yes")
        assert cluster.snapshot() == before


EARLIER = {
    "_ingest/pipeline": {
        "logs-aoai.logs-0.0.9": {"processors": [{"pipeline": {"name": "logs-aoai.logs-0.0.9-parse"}}], "_meta": MARK},
        "logs-aoai.logs-0.0.9-parse": {"processors": [], "_meta": MARK},
        "logs-aoai.endpoints-0.1.0-endpoint": {"processors": []},
    },
    "_component_template": {
        "logs-aoai.logs@package": {
            "template": {"settings": {"default_pipeline": "logs-aoai.logs-0.0.9"}},
            "_meta": MARK,
        },
        "logs-aoai.gone@package": {"template": {}, "_meta": MARK},
    },
    "_index_template": {
        "logs-aoai.gone": {
            "index_patterns": ["logs-aoai.gone-*"],
            "priority": 250,
            "composed_of": ["logs-aoai.gone@package"],
            "_meta": MARK,
        }
    },
}
"""What an earlier version may have left."""


def upgraded_cluster() -> SetupCluster:
    cluster = SetupCluster()
    for kind, bodies in EARLIER.items():
        cluster.stored[kind] |= deepcopy(bodies)
    return cluster


async def test_an_upgrade_removes_what_this_version_does_not_ship() -> None:
    async with serving_setup(upgraded_cluster()) as cluster:
        printed = await install(cluster)
        left = {name for stored in cluster.stored.values() for name in stored}
    assert set(rows(printed, "removed")) == {
        "index template logs-aoai.gone",
        "component template logs-aoai.gone@package",
        "ingest pipeline logs-aoai.logs-0.0.9",
        "ingest pipeline logs-aoai.logs-0.0.9-parse",
        "ingest pipeline logs-aoai.endpoints-0.1.0-endpoint",
    }
    assert not [name for name in left if "gone" in name or "0.0.9" in name or name.endswith("-endpoint")]
    assert rows(printed, "updated") == [f"component template {COMPONENT}"]


async def test_an_upgrade_keeps_the_pipelines_that_documents_still_pass() -> None:
    cluster = upgraded_cluster()
    cluster.add_stream("logs-aoai.logs-default", "logs-aoai.logs-0.0.9")
    async with serving_setup(cluster):
        printed = await install(cluster)
        assert {"logs-aoai.logs-0.0.9", "logs-aoai.logs-0.0.9-parse"} <= cluster.stored["_ingest/pipeline"].keys()
    assert rows(printed, "kept") == [
        "data stream logs-aoai.logs-default",
        "ingest pipeline logs-aoai.logs-0.0.9",
        "ingest pipeline logs-aoai.logs-0.0.9-parse",
    ]
    assert "data stream logs-aoai.logs-default needs it" in printed


async def test_a_data_stream_is_rolled_over_on_request_and_not_a_second_time() -> None:
    cluster = SetupCluster()
    cluster.add_stream("logs-aoai.logs-default", PIPELINE, message="text")
    async with serving_setup(cluster):
        first = await install(cluster)
        assert len(cluster.streams["logs-aoai.logs-default"]) == 1
        second = await install(cluster, "--rollover")
        assert len(cluster.streams["logs-aoai.logs-default"]) == 2
        third = await install(cluster, "--rollover")
        assert len(cluster.streams["logs-aoai.logs-default"]) == 2
    assert "its next rollover brings that; --rollover does it now" in first
    assert "lacks the mapping of " in second
    assert rows(second, "updated") == ["data stream logs-aoai.logs-default"]
    assert re.fullmatch(r"\d+ unchanged", third.strip())


async def test_a_dry_run_says_which_data_streams_new_templates_will_not_reach() -> None:
    cluster = SetupCluster()
    cluster.add_stream("logs-aoai.logs-default", PIPELINE)
    async with serving_setup(cluster):
        printed = await install(cluster, "--dry-run")
        assert cluster.changes == []
    assert rows(printed, "keep") == ["data stream logs-aoai.logs-default"]
    assert f"lacks what index template {TEMPLATE} brings" in printed


async def test_uninstalling_leaves_the_cluster_as_it_was() -> None:
    cluster = SetupCluster()
    cluster.stored["_component_template"]["logs@settings"] = {"template": {}}
    before = cluster.snapshot()
    async with serving_setup(cluster):
        await install(cluster)
        await install(cluster, "--uninstall", "--yes")
        assert cluster.snapshot() == before
        assert (await install(cluster, "--uninstall")).strip() == "There was nothing to do."


async def test_documents_are_kept_with_what_they_were_made_from() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        cluster.add_stream("logs-aoai.deadletter-default", None)
        printed = await install(cluster, "--uninstall", "--yes")
        assert list(cluster.streams) == ["logs-aoai.deadletter-default"]
        assert list(cluster.stored["_index_template"]) == ["logs-aoai.deadletter"]
        assert list(cluster.stored["_component_template"]) == ["logs-aoai.deadletter@package"]
        assert cluster.stored["_ingest/pipeline"] == {}
    assert "its documents are yours; --with-data deletes it with them" in printed


async def test_documents_are_deleted_on_request() -> None:
    cluster = SetupCluster()
    async with serving_setup(cluster):
        before = cluster.snapshot()
        await install(cluster)
        cluster.add_stream("logs-aoai.logs-default", PIPELINE)
        await install(cluster, "--uninstall", "--with-data", "--yes")
        assert cluster.snapshot() == before


async def test_without_a_terminal_nothing_is_removed_unless_yes_is_said() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        await install(cluster)
        before = cluster.snapshot()
        result = await run_setup(cluster, "--uninstall")
        assert cluster.snapshot() == before
    assert result.exit_code == 1
    assert "give --yes" in result.stderr


@pytest.mark.parametrize("name", [name for name in NAMES_EVER_INSTALLED if name])
def test_no_name_that_was_ever_installed_is_forgotten(name: str) -> None:
    """A name that is shipped no more is taken away by an upgrade; one of another version is known by its mark."""
    assert name in {each.name for each in shipped_bodies(embedded=False)} | ENDED or f"-{__version__}" not in name


def test_every_name_that_is_shipped_is_on_the_list() -> None:
    missing = {each.name for each in shipped_bodies(embedded=False)} - set(NAMES_EVER_INSTALLED)
    assert missing == set(), "add them to names_ever_installed.txt; what is installed must be removed one day"
