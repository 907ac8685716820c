"""The command line before any command runs: what `--help` costs, and what a shell completes."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
SHELL = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": "/nonexistent"}
LOADED = """
import sys
from collector.cli import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
NOT_FOR_HELP = {
    "aiohttp",
    "asyncio",
    "azure",
    "cryptography",
    "ecs_logging",
    "elasticsearch",
    "google_re2",
    "isal",
    "msgspec",
    "prometheus_client",
    "pydantic",
    "re2",
    "sqlite3",
    "ssl",
    "yaml",
    "zipfile",
}
"""What the program is made of but for `typer` and `rich`, and the slow ones of the standard library."""
ASK_BASH = """
source <(aoai-collector completion bash) || exit 1
function=$(complete -p aoai-collector) || exit 1
function=${function#* -F }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
${function%% *} "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_of_what_the_collector_works_with(option: str) -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED, option], capture_output=True, text=True, check=True)

    loaded = set(ran.stderr.split())
    assert {"collector", "typer"} <= loaded
    assert loaded & NOT_FOR_HELP == set()


def test_the_version_is_that_of_the_installed_package() -> None:
    told = [
        subprocess.run([PROGRAMS / "aoai-collector", word], capture_output=True, text=True, check=True).stdout
        for word in ("version", "--version")
    ]
    assert told == [f"aoai-collector {version('azure-openai-collector')}\n"] * 2


def complete(*words: str) -> list[str]:
    """Ask bash what the last word may become; as it does at the Tab key, with the function that it was given."""
    command = ["bash", "--norc", "--noprofile", "-c", ASK_BASH, "bash", *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=SHELL)
    assert ran.stderr == ""
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("st",), ["status"]),
        (("emulate", ""), ["event-hubs", "entra", "azure-monitor", "kibana"]),
        (("run", "--po"), ["--policy"]),
        (("run", "--log-level", ""), ["debug", "info", "warning", "error"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("--v",), ["--version"]),
        (("nothing-of-ours",), []),
    ],
)
def test_bash_completes_commands_options_and_values(words: tuple[str, ...], offered: list[str]) -> None:
    assert complete("aoai-collector", *words) == offered


def test_bash_is_offered_each_command_that_the_help_lists_and_none_that_it_hides() -> None:
    offered = complete("aoai-collector", "")

    help_text = [PROGRAMS / "aoai-collector", "--help"]
    shown = subprocess.run(help_text, capture_output=True, text=True, check=True, env=SHELL).stdout
    assert len(offered) > 10
    assert set(offered) <= set(shown.split())
    assert "agent-component" not in offered


@pytest.mark.parametrize(("shell", "asked"), [("zsh", "complete_zsh"), ("fish", "complete_fish")])
def test_other_shells_get_a_script_and_an_answer(shell: str, asked: str) -> None:
    program = PROGRAMS / "aoai-collector"
    script = subprocess.run([program, "completion", shell], capture_output=True, text=True, check=True).stdout
    assert f"_AOAI_COLLECTOR_COMPLETE={asked}" in script

    question = {"_AOAI_COLLECTOR_COMPLETE": asked, "_TYPER_COMPLETE_ARGS": "aoai-collector stat"}
    answer = subprocess.run(
        [program],
        capture_output=True,
        text=True,
        check=True,
        env=SHELL | question | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    ).stdout
    assert "status" in answer
    assert "setup" not in answer
