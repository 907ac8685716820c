"""Puts the collector beside the programs of an Elastic Agent, and takes it out again.

Promises: two files in the folder ``components`` of the version that runs, a specification and a launcher, each with a
line by which we know it; a file of that name that is not ours is never touched. Writing again changes nothing that is
as it should be. Source of the form: elastic/elastic-agent, docs/component-specs.md.

Does not promise to outlive an upgrade of the agent, which starts with a new folder: install again after it.
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, override

import yaml

from collector.policy.input_kinds import FLEET_INPUT_TYPES

PROGRAM: Final = "aoai-collector"
"""Name of launcher and specification."""
_MARK: Final = "# Written by aoai-collector install-component; --uninstall removes it.\n"
_PLATFORMS: Final = ("linux/amd64", "linux/arm64", "container/amd64", "container/arm64")
_COMMAND: Final[dict[str, Any]] = {
    "args": ["agent-component"],
    # At most one start in 5 s, one second after the end, as the agent's own specification of a program in Python has it
    # (specs/connectors.spec.yml).
    "restart_monitoring_period": "5s",
    "maximum_restarts_per_period": 1,
    "timeouts": {"restart": "1s", "checkin": "30s", "stop": "30s"},
    "log": {
        "level_key": "log.level",
        "time_key": "@timestamp",
        "time_format": "2006-01-02T15:04:05.000Z0700",
        "message_key": "message",
    },
}


class InstallationError(Exception):
    """The component cannot be put in, or taken out; the text says why and what to do."""


def install_component(agent: Path, command: Sequence[str]) -> list[Path]:
    """Write launcher and specification for the agent in this folder; return the files that were written.

    `command` is what the launcher runs.

    Raises:
        InstallationError: this is no folder of an agent, or a file of that name is not ours.
        OSError: a file cannot be written.
    """
    folder = find_components(agent)
    launcher = f'#!/bin/sh\n{_MARK}exec {shlex.join(command)} "$@"\n'
    texts = {folder / PROGRAM: (launcher, 0o755), folder / f"{PROGRAM}.spec.yml": (render_specification(), 0o644)}
    for path in texts:
        _check_ours(path)
    return [path for path, (text, mode) in texts.items() if _write(path, text, mode)]


def uninstall_component(agent: Path) -> list[Path]:
    """Remove both files from every version of the agent in this folder; return those that were there.

    Raises:
        InstallationError: a file of that name is not ours.
        OSError: a file cannot be removed.
    """
    found = list(_find_files(agent))
    for path in found:
        _check_ours(path)
    for path in found:
        path.unlink()
    return found


def find_components(agent: Path) -> Path:
    """Return the folder of the programs of the version that runs.

    Raises:
        InstallationError: there is none.
    """
    # The agent's own program is a link into the folder of the version that runs.
    folder = (agent / "elastic-agent").resolve().parent / "components"
    if not folder.is_dir():
        raise InstallationError(
            f"{agent} is not the folder of an installed Elastic Agent. Name it with --agent: it holds elastic-agent "
            "and data, and is /opt/Elastic/Agent on Linux unless it was chosen."
        )
    return folder


def render_specification() -> str:
    """Return the specification: one input for each type that Fleet may name."""
    inputs = [
        {
            "name": name,
            "description": f"Azure OpenAI observability: {what}",
            "platforms": list(_PLATFORMS),
            "outputs": ["elasticsearch"],
            "command": _COMMAND,
        }
        for name, what in FLEET_INPUT_TYPES.items()
    ]
    tree = {"version": 2, "inputs": inputs}
    return _MARK + yaml.dump(tree, Dumper=_WithoutAnchors, sort_keys=False, width=1000)


class _WithoutAnchors(yaml.SafeDumper):
    """Writes what is the same twice in full, for readers that know no anchors."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _find_files(agent: Path) -> Iterator[Path]:
    for name in (PROGRAM, f"{PROGRAM}.spec.yml"):
        yield from sorted(agent.glob(f"data/elastic-agent-*/components/{name}"))


def _check_ours(path: Path) -> None:
    if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise InstallationError(f"{path} was not written by this program. Move it away, and try again.")


def _write(path: Path, text: str, mode: int) -> bool:
    """Write what differs; return whether anything did."""
    if path.exists() and path.read_text(encoding="utf-8") == text and path.stat().st_mode & 0o777 == mode:
        return False
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return True
