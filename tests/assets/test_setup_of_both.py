"""`aoai-collector setup` with Elasticsearch and Kibana in one run, and what it asks at a terminal."""

import asyncio
import os
import pty
import sys

from plugins.kibana import ADMIN as KIBANA_ADMIN
from plugins.kibana import KibanaRig
from plugins.setup_cluster import SetupCluster, run_setup, serving_setup

from collector.assets.bodies import shipped_bodies


async def test_one_run_installs_into_both_and_one_removes_from_both(kibana: KibanaRig) -> None:
    assert KIBANA_ADMIN.password == "canary-password"
    async with serving_setup(SetupCluster()) as cluster:
        before = cluster.snapshot()
        options = ("--kibana", kibana.emulator.url, "--with-rules")
        first = await run_setup(cluster, *options)
        second = await run_setup(cluster, *options)
        removal = await run_setup(cluster, "--kibana", kibana.emulator.url, "--uninstall", "--yes")
        assert cluster.snapshot() == before
    assert [result.exit_code for result in (first, second, removal)] == [0, 0, 0]
    assert "dashboard" in first.stdout
    assert "alert rule" in first.stdout
    assert "index template" in first.stdout
    assert "created" not in second.stdout
    assert "updated" not in second.stdout


async def test_nothing_is_installed_while_one_of_them_does_not_answer(unused_tcp_port: int) -> None:
    async with serving_setup(SetupCluster()) as cluster:
        result = await run_setup(cluster, "--kibana", f"http://localhost:{unused_tcp_port}")
        assert cluster.changes == []
    assert result.exit_code == 1
    assert f"localhost:{unused_tcp_port}" in result.stderr


async def test_with_fleet_pipelines_and_templates_are_left_to_it(kibana: KibanaRig) -> None:
    async with serving_setup(SetupCluster()) as cluster:
        result = await run_setup(cluster, "--kibana", kibana.emulator.url, "--fleet")
        assert cluster.stored["_index_template"] == cluster.stored["_ingest/pipeline"] == {}
        assert len(cluster.keys) == 1
    assert result.exit_code == 0
    assert "package policy" in result.stdout


async def test_at_a_terminal_the_plan_is_shown_and_a_no_changes_nothing() -> None:
    async with serving_setup(SetupCluster(people=())) as cluster:
        controller, terminal = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collector", "setup", "--elasticsearch", cluster.url),
            stdin=terminal,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "120"},
        )
        os.write(controller, b"n\n")
        printed, _ = await process.communicate()
        os.close(controller)
        os.close(terminal)
        assert cluster.changes == []
    assert process.returncode == 1
    assert "create  index template      logs-aoai.logs" in printed.decode()
    assert f"Make {len(shipped_bodies(embedded=False))} changes?" in printed.decode()
