"""S2 of the guarantees: a file with a secret in it is its owner's alone, and no secret is among the arguments.

That a secret which is replaced in its file is taken over without a restart is in
``tests/endtoend/test_changing_policies.py``.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from plugins.secret_fields import secret_fields

from collector.cli import app
from collector.policy import PolicyError, load_policy
from collector.policy.secret import SECRET_KEYS

HUB = "Endpoint=sb://example.org/;SharedAccessKeyName=listen;SharedAccessKey=canary"
POLICY = f"""
outputs: {{default: {{type: elasticsearch, hosts: [localhost]}}}}
inputs: [{{type: azure-eventhub, streams: [{{eventhub: hub, connection_string: "{HUB}"}}]}}]
"""
REFERENCES = POLICY.replace(HUB, "${env.HUB}")
SOUND = {0o600, 0o400}
COMMANDS = ["run", "config", "check"]
MEANS_A_SECRET = re.compile(r"key|password|passphrase|secret|token|credential|sas|connection-string", re.IGNORECASE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY, encoding="utf-8")
    path.chmod(0o600)
    return path


def is_accepted(file: Path, environ: dict[str, str] | None = None) -> bool:
    try:
        load_policy(file, environ or {})
    except PolicyError:
        return False
    return True


def test_of_all_modes_a_file_with_a_secret_may_have_two(file: Path) -> None:
    accepted: set[int] = set()
    for mode in range(0o1000):
        file.chmod(mode)
        if is_accepted(file):
            accepted.add(mode)

    assert accepted == SOUND


@pytest.mark.parametrize("mode", [0o444, 0o604, 0o640, 0o644, 0o660, 0o700, 0o777])
def test_a_file_with_references_alone_may_have_any_mode(file: Path, mode: int) -> None:
    file.write_text(REFERENCES, encoding="utf-8")
    file.chmod(mode)

    assert is_accepted(file, {"HUB": HUB})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refusal_ends_a_command_with_2_and_names_file_mode_and_fix(command: str, file: Path) -> None:
    file.chmod(0o640)

    arguments = [sys.executable, "-m", "collector", command, "--policy", str(file)]
    ended = subprocess.run(arguments, env=os.environ | {"COLUMNS": "1000"}, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    said = ended.stdout + ended.stderr
    assert all(words in said for words in (str(file), "the mode of the file is 0640", "chmod 600", "${env.NAME}")), said
    assert "canary" not in said


def test_of_a_link_its_file_counts(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yml"
    link.symlink_to(file)
    assert is_accepted(link)

    file.chmod(0o644)
    assert not is_accepted(link)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("mode", sorted(SOUND))
def test_a_file_of_another_user_is_refused_whatever_its_mode(file: Path, mode: int) -> None:
    os.chown(file, 12345, 12345)
    file.chmod(mode)

    with pytest.raises(PolicyError, match=r"belongs to another user.*chown"):
        load_policy(file, {})


def test_every_secret_of_the_model_counts_as_one_when_it_is_written_into_a_file() -> None:
    fields = secret_fields()
    assert len(fields) >= 24
    assert {field.partition(".")[2] for field in fields} <= SECRET_KEYS


def options_of(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """The names of every option of the command line that takes a value, with its command."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from options_of(inner, (*path, name))
    for parameter in command.params:
        if not getattr(parameter, "is_flag", False):
            yield " ".join(path), [*parameter.opts, *parameter.secondary_opts]


def test_no_option_takes_a_secret() -> None:
    """What an emulator is to accept is no secret: it opens nothing but the emulator."""
    options = list(options_of(typer.main.get_command(app)))
    assert len(options) > 40

    taking = [
        f"{command} {names[0]}"
        for command, names in options
        if not command.startswith("emulate ") and any(MEANS_A_SECRET.search(name) for name in names)
    ]
    assert taking == []
