"""The user's cache: where it is, and what leaves it."""

import os
from pathlib import Path

import pytest

from collector.engine.archive import ensure_archive
from collector.engine.cache import UNUSED_S, cache_root, mark_used, remove_unused
from collector.engine.launch import Launch
from collector.engine.progress import ignore_progress

NOW = 2_000_000_000.0


def _part(root: Path, name: str, used: float) -> Path:
    part = root / name
    part.mkdir()
    (part / "file").touch()
    os.utime(part, (used, used))
    return part


def test_it_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_root() == tmp_path / "cache" / "aoai-collector"


def test_it_is_under_the_home_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache" / "aoai-collector"


def test_parts_of_another_version_go_after_a_month_without_use(tmp_path: Path) -> None:
    old = _part(tmp_path, "engine-shim-old", NOW - UNUSED_S - 1)
    recent = _part(tmp_path, "engine-jars-recent", NOW - UNUSED_S + 1)
    remove_unused(tmp_path, NOW)
    assert (old.exists(), recent.exists()) == (False, True)


def test_a_use_keeps_a_part(tmp_path: Path) -> None:
    part = _part(tmp_path, "engine-shim-old", 0)
    mark_used(part)
    remove_unused(tmp_path)
    assert part.exists()


def test_what_is_not_the_engines_stays(tmp_path: Path) -> None:
    other = _part(tmp_path, "something-else", 0)
    remove_unused(tmp_path, NOW)
    assert other.exists()


def test_an_archive_is_used_when_it_is_there(tmp_path: Path) -> None:
    archive = tmp_path / "startup.aot"
    archive.write_bytes(b"archive")
    launch = ensure_archive(Launch(java=Path("java"), classpath=()), tmp_path, archive, ignore_progress)
    assert f"-XX:AOTCache={archive}" in launch.command(heap="512m", settings={})


def test_an_empty_archive_says_that_this_runtime_makes_none(tmp_path: Path) -> None:
    archive = tmp_path / "startup.aot"
    archive.touch()
    launch = ensure_archive(Launch(java=Path("java"), classpath=()), tmp_path, archive, ignore_progress)
    assert not any("AOTCache" in word for word in launch.command(heap="512m", settings={}))
