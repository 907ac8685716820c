"""Writes ``jars.lock`` anew: ``python -m collector.engine.resolution``.

Only for those who change a version below. It resolves the engine's modules with everything they need, fetches the
jars and writes down what each one is; the change of ``jars.lock`` is then reviewed like code.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import Dependency, MavenContext, PythonResolver
from jgo.parse import Coordinate

from collector.engine.download import make_context
from collector.engine.lock import COMPILER, digest, lock_path

ENGINE_VERSION = "3.3.0"
LOG4J_VERSION = "2.21.0"
"""Equal to the log4j-api that this engine brings."""

MODULES = (
    "transport-netty4-client",
    "ingest-common",
    "ingest-user-agent",
    "lang-painless",
    "opensearch-scripting-painless-spi",
    "analysis-common",
    "mapper-extras-client",
    "reindex-client",
    "lang-mustache-client",
    "parent-join-client",
    "aggs-matrix-stats-client",
)
ROOTS = (
    f"org.opensearch:opensearch:{ENGINE_VERSION}",
    *(f"org.opensearch.plugin:{module}:{ENGINE_VERSION}" for module in MODULES),
    f"org.apache.logging.log4j:log4j-core:{LOG4J_VERSION}",
)
COMPILER_ROOT = f"{COMPILER}:3.43.0"

_HEADER = "# coordinate sha256 bytes. Written by `python -m collector.engine.resolution`; do not edit.\n"


def resolve_lines(repository: Path) -> list[str]:
    """Return the sorted lines of the lock; the jars are fetched into ``repository``."""
    resolver = PythonResolver()
    context = make_context(repository, resolver)
    inputs, transitive = resolver.resolve([_raw(context, root) for root in ROOTS])
    wanted = [*inputs, *transitive, _raw(context, COMPILER_ROOT)]
    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(_line, wanted))


def _raw(context: MavenContext, coordinate: str) -> Dependency:
    """Take the module as it is: without ``raw`` its managed versions would overrule those of the others."""
    parsed = Coordinate.parse(coordinate)
    parsed.raw = True
    return context.create_dependency(parsed)


def _line(dependency: Dependency) -> str:
    path = dependency.artifact.resolve()
    coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
    return f"{coordinate} {digest(path)} {path.stat().st_size}"


def write_lock() -> None:
    """Resolve, fetch and write the committed list."""
    with tempfile.TemporaryDirectory(prefix="engine-resolution-") as repository:
        lines = resolve_lines(Path(repository))
    lock_path().write_text(_HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    write_lock()
