"""The committed list of jars: what the engine consists of, to the byte.

``jars.lock`` holds one jar a line: coordinate, SHA-256, size in bytes. It is written by
``python -m collector.engine.resolution`` and never by hand.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from collector.engine.errors import EngineError

COMPILER = "org.eclipse.jdt:ecj"
"""Compiles the shim; the engine itself runs without it."""

_FIELDS = 3


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One jar: where it comes from and what it must be."""

    coordinate: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """``artifact-version.jar``, the name of the file in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def is_compiler(self) -> bool:
        """Whether this jar is only needed to compile the shim."""
        return self.coordinate.startswith(f"{COMPILER}:")

    def matches(self, path: Path) -> bool:
        """Whether the file is there and is this jar, to the byte."""
        try:
            return path.stat().st_size == self.size and digest(path) == self.sha256
        except FileNotFoundError:
            return False


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lock_path() -> Path:
    """Where the committed list lies."""
    return Path(str(resources.files("collector.engine") / "jars.lock"))


def read_lock(path: Path | None = None) -> tuple[LockedJar, ...]:
    """Return the jars of a lock file, in its order; lines that begin with ``#`` are comments."""
    path = path or lock_path()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(_parse(line, path) for line in lines if line and not line.startswith("#"))


def _parse(line: str, path: Path) -> LockedJar:
    parts = line.split()
    if len(parts) != _FIELDS:
        raise EngineError(f"{path.name}: expected 'coordinate sha256 bytes', found {line!r}")
    return LockedJar(coordinate=parts[0], sha256=parts[1], size=int(parts[2]))
