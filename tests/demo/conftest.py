"""A demo as a process of its own, watched from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DEADLINE_S: Final = 90.0


class DemoProcess:
    """``aoai-collector demo`` whose files all lie under one folder, by which its processes are found too."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self._output = folder.parent / "output.txt"
        self.page = folder.parent / "dashboards.html"
        with self._output.open("wb") as sink:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "collector", "demo", "--page", str(self.page), *arguments],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "120"},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(encoding="utf-8")

    def wait_for(self, text: str) -> None:
        """Wait until it has printed something."""
        self._await(lambda: text in self.output, text)

    def wait_for_process(self, name: str) -> int:
        """Wait until one of its processes has this in its command line; return its pid."""
        found: list[int] = []
        # Looked for once: while a process replaces its program its command line reads as empty.
        self._await(lambda: bool(found.extend(self._find(name)) or found), name)
        return found[0]

    def wait(self) -> int:
        """Wait for its end; return the exit code."""
        return self.popen.wait(DEADLINE_S)

    def signal(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.popen.send_signal(number)
        return self.wait()

    def left_over(self) -> list[str]:
        """Files and processes that are there still."""
        deadline = time.monotonic() + DEADLINE_S
        # After a kill the kernel needs a moment to end what was tied to the demo.
        while self.popen.returncode == -signal.SIGKILL and self._find("") and time.monotonic() < deadline:
            time.sleep(0.05)
        files = [] if self.popen.returncode == -signal.SIGKILL else [str(path) for path in self._folder.iterdir()]
        return [*files, *(f"process {pid}" for pid in self._find(""))]

    def end(self) -> None:
        """Make sure that nothing outlives the test."""
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        for pid in self._find(""):
            os.kill(pid, signal.SIGKILL)

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert self.popen.poll() is None, f"ended before {what!r} was seen:\n{self.output}"
            assert time.monotonic() < deadline, f"{what!r} was not seen in time:\n{self.output}"
            time.sleep(0.05)

    def _find(self, name: str) -> list[int]:
        found: list[int] = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = entry.read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if str(self._folder) in command and name in command:
                found.append(int(entry.parent.name))
        return found


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., DemoProcess]]:
    """Start demos that end with the test."""
    started: list[DemoProcess] = []

    def start(*arguments: str) -> DemoProcess:
        folder = tmp_path / f"demo{len(started)}" / "files"
        folder.mkdir(parents=True)
        started.append(DemoProcess(folder, *arguments))
        return started[-1]

    yield start
    for demo in started:
        demo.end()
