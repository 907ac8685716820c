"""The collector is put beside an agent's programs, and taken out again without a trace.

What a specification must hold: elastic/elastic-agent, docs/component-specs.md and pkg/component/spec.go.
"""

import re
import sys
from pathlib import Path

import pytest
import yaml
from plugins.elastic_agent import installed_agent
from typer.testing import CliRunner

from collector.agent.component.installation import (
    InstallationError,
    find_components,
    install_component,
    render_specification,
    uninstall_component,
)
from collector.cli import app
from collector.policy.input_kinds import INPUT_KINDS

COMMAND = ("/opt/with blank/python", "-m", "collector")
STOCK = ("azure-eventhub", "azure/metrics")


def test_the_specification_says_what_the_agent_wants_to_know() -> None:
    whole = yaml.safe_load(render_specification())
    assert whole["version"] == 2
    for each in whole["inputs"]:
        assert each["name"] in INPUT_KINDS
        assert each["name"] not in STOCK
        assert each["description"]
        assert each["outputs"] == ["elasticsearch"]
        assert all(re.fullmatch(r"(linux|container)/(amd64|arm64)", platform) for platform in each["platforms"])
        assert each["command"]["args"] == ["agent-component"]
        assert int(each["command"]["timeouts"]["stop"].removesuffix("s")) > 10, "a stop of the collector takes 10 s"
    assert {each["name"] for each in whole["inputs"]} == set(INPUT_KINDS) - set(STOCK)


def test_both_files_lie_beside_the_programs_of_the_version_that_runs(tmp_path: Path) -> None:
    installed_agent(tmp_path, "8.19.0-ffffff")
    components = installed_agent(tmp_path)
    written = install_component(tmp_path, COMMAND)
    assert {path.name for path in written} == {"aoai-collector", "aoai-collector.spec.yml"}
    assert {path.parent for path in written} == {components}
    launcher = components / "aoai-collector"
    assert launcher.stat().st_mode & 0o777 == 0o755
    assert launcher.read_text().splitlines()[-1] == "exec '/opt/with blank/python' -m collector \"$@\""
    assert install_component(tmp_path, COMMAND) == []


def test_it_is_taken_out_of_every_version_and_nothing_else_is(tmp_path: Path) -> None:
    old = installed_agent(tmp_path, "8.19.0-ffffff")
    install_component(tmp_path, COMMAND)
    new = installed_agent(tmp_path)
    install_component(tmp_path, COMMAND)
    (new / "agentbeat").touch()
    assert len(uninstall_component(tmp_path)) == 4
    assert (list(old.iterdir()), [path.name for path in new.iterdir()]) == ([], ["agentbeat"])
    assert uninstall_component(tmp_path) == []


def test_a_file_of_that_name_that_is_not_ours_is_not_touched(tmp_path: Path) -> None:
    foreign = installed_agent(tmp_path) / "aoai-collector.spec.yml"
    foreign.write_text("version: 2\n")
    for attempt in (lambda: install_component(tmp_path, COMMAND), lambda: uninstall_component(tmp_path)):
        with pytest.raises(InstallationError, match="was not written by this program"):
            attempt()
    assert [path.name for path in foreign.parent.iterdir()] == [foreign.name]
    assert foreign.read_text() == "version: 2\n"


def test_a_folder_that_is_no_agents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="is not the folder of an installed Elastic Agent"):
        find_components(tmp_path)


def test_the_command_says_what_it_did_and_what_to_do_next(tmp_path: Path) -> None:
    components = installed_agent(tmp_path)

    def run(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["install-component", "--agent", str(tmp_path), *options])
        return result.exit_code, result.output

    restart = "Restart the agent: elastic-agent restart\n"
    program, specification = (components / name for name in ("aoai-collector", "aoai-collector.spec.yml"))
    assert run() == (0, f"written {program}\nwritten {specification}\n{restart}")
    assert run() == (0, "Nothing to do.\n")
    assert run("--uninstall") == (0, f"removed {program}\nremoved {specification}\n{restart}")
    (tmp_path / "elastic-agent").unlink()
    code, output = run()
    assert (code, output.startswith("error: ")) == (1, True)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    components = installed_agent(tmp_path)
    monkeypatch.setitem(sys.modules, "elastic_agent_client", None)
    result = CliRunner().invoke(app, ["install-component", "--agent", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output == "error: elastic-agent-client is missing: install azure-openai-collector[fleet]\n"
    assert list(components.iterdir()) == []
