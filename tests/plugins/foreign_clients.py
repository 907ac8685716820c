"""The Event Hubs clients of other languages, as programs that the contract tests drive.

JavaScript: the scripts in tests/contract/javascript, with packages pinned by its lock file. Go: the program in
tests/contract/golang, with modules pinned by its go.sum, built once into the user's cache. Both take a request as JSON
and answer in lines of JSON. Where there is no Go the tests are skipped with that reason, also under `CI=true`; anything
else that is missing fails them there.
"""

import asyncio
import functools
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from plugins.node_packages import find_node, install_packages
from plugins.user_cache import Unavailable, install_once

CONTRACT = Path(__file__).parent.parent / "contract"
JAVASCRIPT, GOLANG = CONTRACT / "javascript", CONTRACT / "golang"
NO_GO = "Go is not installed: its client is not tried"
_BUILD_LIMIT_S = 300
_PATIENCE_S = 60.0

type Answers = list[dict[str, Any]]


@dataclass(frozen=True)
class ForeignClient:
    """A client: its programs, by what they do."""

    language: str
    home: Path

    def command(self, action: str, request: dict[str, Any]) -> list[str]:
        """Return the command that does `action`."""
        if self.language == "go":
            return [str(self.home / "client"), action, json.dumps(request)]
        node = find_node()
        assert node is not None
        return [node.program, str(self.home / f"{action}.mjs"), json.dumps(request)]

    async def run(self, action: str, request: dict[str, Any]) -> Answers:
        """Do `action` and return its answers; fail when it does."""
        async with self.start(action, request) as program:
            await program.finish()
            return program.answers

    @asynccontextmanager
    async def start(self, action: str, request: dict[str, Any]) -> AsyncIterator["Program"]:
        """Begin `action`; it is killed if it still runs at the end of the block."""
        process = await asyncio.create_subprocess_exec(
            *self.command(action, request),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )
        program = Program(self.language, process)
        try:
            yield program
        finally:
            await program.end()


class Program:
    """A client at work; its answers are read as they come."""

    def __init__(self, language: str, process: asyncio.subprocess.Process) -> None:
        self._language = language
        self.answers: Answers = []
        self._process = process
        self._complaints = b""
        self._reading = asyncio.gather(self._read_answers(), self._read_complaints())

    def received(self) -> dict[str, list[int]]:
        """The sequence numbers that it was handed, by partition."""
        numbers: dict[str, list[int]] = {}
        for answer in self.answers:
            if answer["what"] == "received":
                numbers.setdefault(answer["partition"], []).append(answer["sequenceNumber"])
        return numbers

    def owned(self) -> set[str]:
        """The partitions that it has now."""
        owned: set[str] = set()
        for answer in self.answers:
            if answer["what"] == "claimed":
                owned.add(answer["partition"])
            elif answer["what"] == "left":
                owned.discard(answer["partition"])
        return owned

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until what it answered fulfils a condition; fail when it does not within a minute, or ends before."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not condition():
                    assert not self._reading.done(), self._complaints.decode(errors="replace")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"the {self._language} client answered only {self.answers[-20:]}")

    async def finish(self) -> None:
        """Close its input, wait for its end, and fail if it was not a good one."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(_PATIENCE_S):
            code = await self._process.wait()
            await self._reading
        assert code == 0, self._complaints.decode(errors="replace")

    async def end(self) -> None:
        """Kill it if need be."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read_answers(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.answers.append(json.loads(line))

    async def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        self._complaints = await self._process.stderr.read()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install before the first test: no test's time limit has to cover a download."""
    if not session.config.option.collectonly and any(
        "foreign_client" in getattr(item, "fixturenames", ()) for item in session.items
    ):
        _install_javascript()
        _build_go()


@pytest.fixture(scope="session", params=["javascript", "go"])
def foreign_client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ForeignClient:
    """Each client in turn."""
    installed = _install_javascript() if request.param == "javascript" else _build_go()
    if isinstance(installed, Unavailable):
        must_be_there = os.environ.get("CI") == "true" and installed.reason != NO_GO
        (pytest.fail if must_be_there else pytest.skip)(installed.reason)
    if request.param == "go":
        return ForeignClient("go", installed)
    # Node.js looks for packages next to the script that wants them.
    home = tmp_path_factory.mktemp("javascript")
    for script in JAVASCRIPT.glob("*.mjs"):
        shutil.copy(script, home)
    (home / "node_modules").symlink_to(installed / "node_modules")
    return ForeignClient("javascript", home)


@functools.cache
def _install_javascript() -> Path | Unavailable:
    return install_packages("javascript-client", JAVASCRIPT)


@functools.cache
def _build_go() -> Path | Unavailable:
    go = shutil.which("go")
    if go is None:
        return Unavailable(NO_GO)
    sources = sorted(path for path in GOLANG.iterdir() if path.suffix in {".go", ".mod", ".sum"})

    def build(folder: Path) -> Unavailable | None:
        command = [go, "build", "-mod=readonly", "-trimpath", "-o", str(folder / "client"), "."]
        try:
            subprocess.run(command, cwd=GOLANG, check=True, timeout=_BUILD_LIMIT_S, capture_output=True)
        except subprocess.CalledProcessError as error:
            return Unavailable(f"the Go client cannot be built: {error.stderr.decode(errors='replace')[-500:]}")
        except (OSError, subprocess.TimeoutExpired) as error:
            return Unavailable(f"the Go client cannot be built: {error}")
        return None

    return install_once("go-client", sources, build)
