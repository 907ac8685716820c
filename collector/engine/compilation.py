"""Compiles the shim, the few classes that make the engine speak like Elasticsearch, into a jar of the cache."""

import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib import resources
from pathlib import Path

from collector.engine.errors import EngineError
from collector.engine.lock import LockedJar

_LANGUAGE = "21"
"""The language level: the oldest Java that the engine itself runs on."""

_COMPILE_TIMEOUT_S = 120
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)


def shim_sources() -> Path:
    """Where the Java sources and their resources lie."""
    return Path(str(resources.files("collector.engine") / "shim"))


def shim_identity() -> str:
    """A digest of everything that goes into the shim's jar."""
    seen = sha256()
    for path in _files(shim_sources()):
        seen.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        seen.update(path.read_bytes())
    return seen.hexdigest()


def compile_shim(java: Path, jars: Path, lock: tuple[LockedJar, ...], target: Path) -> None:
    """Compile the sources against the jars and put the result at ``target``, whole or not at all.

    Raises:
        EngineError: the compiler refused; the message holds its words.
    """
    compiler = next(jars / jar.filename for jar in lock if jar.is_compiler)
    libraries = ":".join(str(jars / jar.filename) for jar in lock if not jar.is_compiler)
    sources = sorted(str(path) for path in shim_sources().glob("*.java"))
    with tempfile.TemporaryDirectory(prefix="engine-compile-", dir=target.parent) as scratch:
        classes = Path(scratch) / "classes"
        options = ["-encoding", "UTF-8", "-proc:none", "-nowarn", f"-{_LANGUAGE}"]
        command = [str(java), "-jar", str(compiler), *options, "-cp", libraries, "-d", str(classes), *sources]
        _run(command)
        packed = Path(scratch) / "shim.jar"
        _pack([classes, shim_sources() / "resources"], packed)
        packed.replace(target)


def _run(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - the program is the runtime's own and every argument is ours
        command, capture_output=True, text=True, check=False, timeout=_COMPILE_TIMEOUT_S
    )
    if done.returncode:
        raise EngineError(f"The engine's shim does not compile:\n{done.stdout}{done.stderr}".rstrip())


def _pack(trees: list[Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as jar:
        for tree in trees:
            for path in _files(tree):
                entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), date_time=_ZIP_TIME)
                jar.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def _files(tree: Path) -> Iterator[Path]:
    return iter(sorted(path for path in tree.rglob("*") if path.is_file()))
