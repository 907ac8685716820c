"""Jars are fetched once, verified always, and never used with another hash than the lock's."""

import dataclasses
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from plugins.jar_registry import Registry

from collector.engine import EngineError, Progress
from collector.engine.jars import ensure_jars
from collector.engine.progress import ignore_progress

# jgo leaves the connection of a refused request to the garbage collector, which complains (ResourceWarning).
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    root = tmp_path / "cache"
    root.mkdir()
    return root


def test_every_jar_is_fetched_into_one_directory(registry: Registry, cache: Path) -> None:
    jars = [registry.publish(f"org.example:part-{n}:1.0", f"part {n}") for n in range(20)]
    directory = ensure_jars(cache, jars, ignore_progress)
    assert sorted(path.name for path in directory.iterdir()) == sorted(jar.filename for jar in jars)


def test_nothing_is_asked_when_every_jar_is_there(registry: Registry, cache: Path) -> None:
    jars = [registry.publish("org.example:part:1.0", "part")]
    ensure_jars(cache, jars, ignore_progress)
    registry.requests.clear()
    ensure_jars(cache, jars, ignore_progress)
    assert registry.requests == []


def test_a_complete_cache_needs_no_resolver(registry: Registry, cache: Path) -> None:
    jar = registry.publish("org.example:part:1.0", "part")
    ensure_jars(cache, [jar], ignore_progress)
    program = (
        "import sys; from pathlib import Path; from collector.engine.jars import ensure_jars;"
        "from collector.engine.lock import LockedJar; from collector.engine.progress import ignore_progress;"
        f"ensure_jars(Path({str(cache)!r}), [LockedJar({jar.coordinate!r}, {jar.sha256!r}, {jar.size})],"
        "ignore_progress);"
        "print([name for name in ('jgo', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_a_damaged_jar_is_fetched_again_alone_and_the_log_says_so(
    registry: Registry, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jars = [registry.publish(f"org.example:part-{n}:1.0", f"part {n}") for n in range(3)]
    directory = ensure_jars(cache, jars, ignore_progress)
    damaged = directory / jars[1].filename
    damaged.write_bytes(b"\0" * jars[1].size)
    registry.requests.clear()
    with caplog.at_level(logging.WARNING):
        ensure_jars(cache, jars, ignore_progress)
    assert jars[1].matches(damaged)
    assert registry.jars_served() == [jars[1].filename]
    assert "does not have its locked hash; fetching it again: part-1-1.0.jar" in caplog.text


def test_a_jar_with_another_hash_is_refused_by_name(registry: Registry, cache: Path) -> None:
    jar = dataclasses.replace(registry.publish("org.example:part:1.0", "part"), sha256="0" * 64)
    with pytest.raises(EngineError, match=r"org\.example:part:1\.0: what was downloaded is not what jars\.lock names"):
        ensure_jars(cache, [jar], ignore_progress)


def test_one_failure_among_many_jars_ends_the_download(registry: Registry, cache: Path) -> None:
    jars = [registry.publish(f"org.example:part-{n}:1.0", f"part {n}") for n in range(40)]
    missing = dataclasses.replace(jars[0], coordinate="org.example:absent:1.0")
    with pytest.raises(EngineError, match=r"org\.example:absent:1\.0"):
        ensure_jars(cache, [missing, *jars[1:]], ignore_progress)


def test_a_refused_jar_leaves_no_file_behind(registry: Registry, cache: Path) -> None:
    jar = dataclasses.replace(registry.publish("org.example:part:1.0", "part"), sha256="0" * 64)
    with pytest.raises(EngineError):
        ensure_jars(cache, [jar], ignore_progress)
    assert list(cache.rglob("*.jar")) == []


def test_a_missing_jar_is_named_with_what_to_do(registry: Registry, cache: Path) -> None:
    jar = registry.publish("org.example:part:1.0", "part")
    absent = dataclasses.replace(jar, coordinate="org.example:absent:1.0")
    with pytest.raises(EngineError, match=r"org\.example:absent:1\.0: cannot be downloaded .* Check the network"):
        ensure_jars(cache, [absent], ignore_progress)


def test_what_arrived_before_a_failure_is_not_fetched_again(registry: Registry, cache: Path) -> None:
    jar = registry.publish("org.example:part:1.0", "part")
    absent = dataclasses.replace(jar, coordinate="org.example:absent:1.0")
    with pytest.raises(EngineError):
        ensure_jars(cache, [jar, absent], ignore_progress)
    registry.requests.clear()
    registry.publish("org.example:absent:1.0", "part")
    ensure_jars(cache, [jar, absent], ignore_progress)
    assert registry.jars_served() == ["absent-1.0.jar"]


def test_progress_counts_bytes_and_files_up_to_the_total(registry: Registry, cache: Path) -> None:
    jars = [registry.publish(f"org.example:part-{n}:1.0", f"part {n}") for n in range(5)]
    seen: list[Progress] = []
    ensure_jars(cache, jars, seen.append)
    total = sum(jar.size for jar in jars)
    assert seen[-1] == Progress("download", total, total, "5 of 5 files")
    assert [report.done for report in seen] == sorted(report.done for report in seen)


def test_two_processes_at_once_fetch_each_jar_once(registry: Registry, cache: Path) -> None:
    jars = [registry.publish(f"org.example:part-{n}:1.0", f"part {n}") for n in range(30)]
    entries = [(jar.coordinate, jar.sha256, jar.size) for jar in jars]
    program = (
        "from pathlib import Path; from collector.engine.jars import ensure_jars;"
        "from collector.engine.lock import LockedJar; from collector.engine.progress import ignore_progress;"
        f"ensure_jars(Path({str(cache)!r}), [LockedJar(*entry) for entry in {entries!r}], ignore_progress)"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert sorted(registry.jars_served()) == sorted(jar.filename for jar in jars)
