"""What the tests install once and keep in the user's cache, under a name that changes with what is installed."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Unavailable:
    """Why something could not be installed."""

    reason: str


def install_once(
    name: str, sources: Iterable[Path], install: Callable[[Path], Unavailable | None]
) -> Path | Unavailable:
    """Return the folder where it is installed; have `install` fill an empty one first if need be.

    Args:
        name: what it is called in the cache.
        sources: the files that decide what is installed.
        install: fills the folder it is given, or tells why it cannot.
    """
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aoai-collector"
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / f"{name}-{digest}"
    with (cache / f"{name}-{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.exists():
            return home
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            work = Path(folder) / name
            work.mkdir()
            failure = install(work)
            if failure is not None:
                return failure
            work.rename(home)
    return home
