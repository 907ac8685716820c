"""A jar registry on loopback, in the layout that real ones have."""

import hashlib
import io
import zipfile
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from collector.engine.lock import LockedJar


class Registry:
    """A jar registry on loopback in the layout that real ones have."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.requests: list[str] = []

    def publish(self, coordinate: str, content: str) -> LockedJar:
        """Put a small jar into the registry and return what a lock would say of it."""
        group, artifact, version = coordinate.split(":")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as jar:
            jar.writestr("content", content)
        data = packed.getvalue()
        path = self.root / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.jar"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return LockedJar(coordinate=coordinate, sha256=hashlib.sha256(data).hexdigest(), size=len(data))

    def jars_served(self) -> list[str]:
        return [path.rsplit("/", 1)[1] for path in self.requests if path.endswith(".jar")]


class RegistryHandler(SimpleHTTPRequestHandler):
    def __init__(self, *args: object, registry: Registry, **kwargs: object) -> None:
        self._registry = registry
        super().__init__(*args, directory=str(registry.root), **kwargs)

    def do_GET(self) -> None:
        self._registry.requests.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""
