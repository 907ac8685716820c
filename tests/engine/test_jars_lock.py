"""The committed lock names every jar once, to the byte."""

import re
from collections import Counter
from pathlib import Path

import pytest

from collector.engine import EngineError
from collector.engine.lock import read_lock
from collector.engine.resolution import COMPILER_ROOT, ROOTS

LOCK = read_lock()


def _repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_every_coordinate_is_there_once() -> None:
    assert _repeated([jar.coordinate for jar in LOCK]) == []


def test_every_module_is_there_in_one_version() -> None:
    assert _repeated([jar.coordinate.rsplit(":", 1)[0] for jar in LOCK]) == []


def test_every_file_name_is_there_once() -> None:
    assert _repeated([jar.filename for jar in LOCK]) == []


def test_every_hash_is_a_sha256() -> None:
    assert [jar.coordinate for jar in LOCK if not re.fullmatch("[0-9a-f]{64}", jar.sha256)] == []


def test_it_holds_the_85_jars_of_the_engine_and_the_compiler() -> None:
    assert len([jar for jar in LOCK if not jar.is_compiler]) == 85
    assert [jar.coordinate for jar in LOCK if jar.is_compiler] == [COMPILER_ROOT]


def test_everything_the_resolution_starts_from_is_in_it() -> None:
    assert {*ROOTS, COMPILER_ROOT} <= {jar.coordinate for jar in LOCK}


def test_log4j_is_one_version() -> None:
    assert {jar.coordinate.split(":")[2] for jar in LOCK if jar.coordinate.startswith("org.apache.logging.log4j:")} == {
        "2.21.0"
    }


def test_a_broken_line_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "jars.lock"
    path.write_text("org.example:part:1.0 abc\n", encoding="utf-8")
    with pytest.raises(EngineError, match=r"found 'org\.example:part:1\.0 abc'"):
        read_lock(path)
