"""The local socket by which a command asks the collector that runs on a data folder.

Promises: only the owner of the process may connect (mode 0600, from the first moment on); nothing here holds up
delivery or ends it; a socket that a killed collector left behind is replaced, one of a living collector is not.
It speaks HTTP: `curl --unix-socket DATA/control.sock http://collector/status`.
"""

import logging
import os
import socket
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from collector.telemetry.endpoint import make_runner

logger = logging.getLogger(__name__)

SOCKET: Final = "control.sock"
_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_FOLDER: Final = 0o700
_DESCRIPTORS: Final = Path("/proc/self/fd")

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SocketInUseError(OSError):
    """A living collector listens there already."""


def worker_socket(worker: int) -> str:
    """Return the name of a worker's own socket, at which its supervisor asks."""
    return f"worker-{worker}.sock"


@contextmanager
def address_of(data: Path, name: str = SOCKET) -> Generator[str]:
    """Give the socket's address for as long as it is needed.

    The name of a socket has room for 107 bytes; by way of the folder's descriptor it is short wherever the folder lies.
    """
    if not _DESCRIPTORS.is_dir():
        yield str(data / name)
        return
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_DESCRIPTORS / str(descriptor) / name)
    finally:
        os.close(descriptor)


class ControlSocket:
    """Answers requests on the socket of a data folder."""

    def __init__(self, data: Path, answers: Mapping[str, Answer], name: str = SOCKET) -> None:
        """Answer GET requests for these paths."""
        self._data = data
        self._name = name
        self._answers = answers
        self._runner: web.AppRunner | None = None

    async def listen(self) -> None:
        """Begin to answer; where that cannot be, say so once."""
        try:
            listener = _bind(self._data, self._name)
        except OSError as error:
            logger.warning(
                "the control socket cannot be opened: status, tap and diagnostics do not reach this collector",
                extra={"error.message": str(error), "file.path": str(self._data / self._name)},
            )
            return
        self._runner = make_runner(self._answers)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        """Stop answering and take the socket away."""
        if self._runner is not None:
            (self._data / self._name).unlink(missing_ok=True)
            await self._runner.cleanup()


def _bind(data: Path, name: str) -> socket.socket:
    data.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY_FOLDER)
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(listener.fileno(), _OWNER_ONLY)  # before it has a name, so that there is no moment of other rights
        with address_of(data, name) as address:
            _remove_stale(address)
            listener.bind(address)
            Path(address).chmod(_OWNER_ONLY)  # where a socket does not take its mode along
    except OSError:
        listener.close()
        raise
    return listener


def _remove_stale(address: str) -> None:
    """Remove the socket of a collector that is gone."""
    with socket.socket(socket.AF_UNIX) as trial, suppress(FileNotFoundError):
        try:
            trial.connect(address)
        except ConnectionRefusedError:
            Path(address).unlink()
        else:
            raise SocketInUseError("another collector listens on it; give this one a --data folder of its own")
