"""Fetches locked jars through jgo, several at a time, and lets nothing through that has another hash.

The list is flat and complete, so no project file is read and no dependency resolved: one request a jar, and one for
the registry's own checksum. Which registry or mirror is asked is jgo's business; its configuration file is honoured.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from collector.engine.errors import EngineError
from collector.engine.lock import LockedJar, digest
from collector.engine.progress import Progress, ProgressCallback

try:
    import requests
    from jgo.config import GlobalSettings
    from jgo.maven import Artifact, MavenContext, PythonResolver
except ImportError as missing:
    raise EngineError("The embedded engine needs the extra 'demo': install azure-openai-collector[demo].") from missing

_PARALLEL = 8
"""Jars fetched at a time: most are small, so the time goes into round trips."""

_ATTEMPTS = 3
_TIMEOUT_S = 30


def fetch_jars(
    jars: Sequence[LockedJar], staging: Path, on_progress: ProgressCallback
) -> Iterator[tuple[LockedJar, Path]]:
    """Yield each jar with its verified file under ``staging``, in the order in which they arrive.

    After a failure no further download begins; those under way are still yielded, then the failure is raised.

    Raises:
        EngineError: a jar cannot be fetched in three attempts, or has another hash than the lock says.
    """
    meter = _Meter(jars, on_progress)
    meter.report()
    context = make_context(staging, PythonResolver(progress_callback=meter.watch))
    pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="engine-download")
    # Cancelling futures would not wake `as_completed`, so those not begun are told to give up instead.
    given_up = threading.Event()
    failure: EngineError | None = None
    try:
        pending = {pool.submit(_fetch_unless, given_up, context, jar): jar for jar in jars}
        for settled in as_completed(pending):
            try:
                path = settled.result()
            except EngineError as error:
                failure = failure or error
                given_up.set()
            else:
                if path is not None:
                    meter.count_file()
                    yield pending[settled], path
    finally:
        pool.shutdown(cancel_futures=True)
    if failure:
        raise failure


def make_context(repository: Path, resolver: PythonResolver) -> MavenContext:
    """Return a jgo context that keeps its files under ``repository`` and asks the registries the user configured.

    The user's own Maven repository is left alone: jgo writes there in place, so an interrupted run would damage it.
    """
    context = MavenContext(resolver=resolver, repo_cache=repository, timeout=_TIMEOUT_S)
    context.remote_repos.update(GlobalSettings.load().repositories)
    return context


def _fetch_unless(given_up: threading.Event, context: MavenContext, jar: LockedJar) -> Path | None:
    return None if given_up.is_set() else _fetch(context, jar)


def _fetch(context: MavenContext, jar: LockedJar) -> Path:
    path = _download(context.create_dependency(jar.coordinate).artifact, jar)
    if not jar.matches(path):
        raise EngineError(
            f"{jar.coordinate}: what was downloaded is not what jars.lock names; it was thrown away. "
            f"Expected SHA-256 {jar.sha256}, received {digest(path)}. Try again; if it stays so, a mirror or a proxy "
            "between here and the registry serves another file: do not use it."
        )
    return path


def _download(artifact: Artifact, jar: LockedJar) -> Path:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return artifact.resolve()
        except (requests.RequestException, RuntimeError) as failure:
            # jgo leaves what it has, and refuses to write over it.
            if artifact.cached_path:
                artifact.cached_path.unlink(missing_ok=True)
            if attempt == _ATTEMPTS:
                raise EngineError(
                    f"{jar.coordinate}: cannot be downloaded ({failure}). Check the network and the proxy; a mirror "
                    "goes into the section [repositories] of jgo's configuration file. What has arrived is kept."
                ) from failure
    raise AssertionError("unreachable: the last attempt returns or raises")


class _Meter:
    """Adds up what the download threads report."""

    def __init__(self, jars: Sequence[LockedJar], on_progress: ProgressCallback) -> None:
        self._on_progress = on_progress
        self._total = sum(jar.size for jar in jars)
        self._files_total = len(jars)
        self._bytes = 0
        self._files = 0
        self._turn = threading.Lock()

    @contextmanager
    def watch(self, _filename: str, _size: int) -> Generator[Callable[[int], None]]:
        """Follow one file; this is the form in which jgo reports."""
        yield self._count_bytes

    def count_file(self) -> None:
        """One file more is complete and verified."""
        with self._turn:
            self._files += 1
            self.report()

    def _count_bytes(self, number: int) -> None:
        with self._turn:
            self._bytes += number
            self.report()

    def report(self) -> None:
        """Tell how far it is."""
        detail = f"{self._files} of {self._files_total} files"
        self._on_progress(Progress("download", min(self._bytes, self._total), self._total, detail))
