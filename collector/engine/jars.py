"""The engine's jars in the cache: complete and intact, or fetched."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from collector.engine.cache import exclusive
from collector.engine.lock import LockedJar
from collector.engine.progress import ProgressCallback

logger = logging.getLogger(__name__)

_FIXED_TIME = 946_684_800
"""2000-01-01. The start-up archive remembers the jars' times; a jar fetched again must look the same."""


def ensure_jars(root: Path, jars: Sequence[LockedJar], on_progress: ProgressCallback) -> Path:
    """Return a directory that holds every jar, each with its locked hash.

    Missing and damaged jars are fetched; when none is, the network and the resolver are not touched. Each jar appears
    under its name only after it was verified, so an interrupted download is continued by the next call.

    Raises:
        EngineError: a jar cannot be fetched, or what was fetched has another hash.
    """
    directory = root / f"engine-jars-{_identity(jars)}"
    if not unfit(directory, jars):
        return directory
    with exclusive(root, on_progress):
        directory.mkdir(exist_ok=True)
        if wanted := unfit(directory, jars):
            _warn_of_damage(directory, wanted)
            _fetch_into(directory, wanted, on_progress)
    return directory


def unfit(directory: Path, jars: Sequence[LockedJar]) -> list[LockedJar]:
    """Return the jars that are missing from the directory or differ from the lock."""
    return [jar for jar in jars if not jar.matches(directory / jar.filename)]


def _identity(jars: Sequence[LockedJar]) -> str:
    lines = "\n".join(f"{jar.coordinate} {jar.sha256}" for jar in jars)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _warn_of_damage(directory: Path, jars: Sequence[LockedJar]) -> None:
    for jar in jars:
        if (directory / jar.filename).exists():
            logger.warning("A cached jar does not have its locked hash; fetching it again: %s", jar.filename)


def _fetch_into(directory: Path, jars: Sequence[LockedJar], on_progress: ProgressCallback) -> None:
    # Imported here: the resolver and its HTTP stack take half a second, and a complete cache needs neither.
    from collector.engine.download import fetch_jars  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="engine-download-", dir=directory.parent) as staging:
        for jar, path in fetch_jars(jars, Path(staging), on_progress):
            os.utime(path, (_FIXED_TIME, _FIXED_TIME))
            path.replace(directory / jar.filename)
