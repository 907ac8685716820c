"""Runs ``aoai-collector`` on a machine whose clock jumps and whose names stop resolving.

    machine = StrangeMachine(folder)
    await job.start(launcher=machine.launcher)
    machine.set_clock(+3600)           # what the process reads as the time of day is an hour ahead from now on
    machine.forget_names(9200)         # no name resolves any more for this port
    machine.remember_names()

It is Python's own reading of the clock that is moved (``time.time``, ``time.time_ns``, and ``datetime.now``), in the
collector, in the Azure SDKs and in the Elasticsearch client; monotonic clocks go on, as they do when a real clock is
set. Names are failed in ``socket.getaddrinfo``, through which all of them resolve.
"""

import ctypes
import datetime as dt
import gc
import mmap
import runpy
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

_LAYOUT = struct.Struct("di")
"""Seconds by which the clock is wrong, and the port for which names are forgotten."""


class StrangeMachine:
    """The test's side: writes what the process reads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "strange-machine"
        self._path.write_bytes(bytes(_LAYOUT.size))
        self._shift = 0.0

    @property
    def launcher(self) -> tuple[str, ...]:
        """What stands between the interpreter and the collector's arguments."""
        return (str(Path(__file__)), str(self._path))

    def set_clock(self, shift: float) -> None:
        self._shift = shift
        self._write(0)

    def forget_names(self, port: int) -> None:
        self._write(port)

    def remember_names(self) -> None:
        self._write(0)

    def _write(self, forgotten_port: int) -> None:
        with self._path.open("r+b") as file:
            file.write(_LAYOUT.pack(self._shift, forgotten_port))


def _change(path: Path) -> None:
    """Put this process on the strange machine."""
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), _LAYOUT.size, access=mmap.ACCESS_READ)
    real_time, real_time_ns, real_getaddrinfo = time.time, time.time_ns, socket.getaddrinfo

    def shift() -> float:
        return _LAYOUT.unpack_from(shared)[0]

    real_now = dt.datetime.now

    def now(_: type, tz: dt.tzinfo | None = None) -> dt.datetime:
        return real_now(tz) + dt.timedelta(seconds=shift())

    def utcnow(_: type) -> dt.datetime:
        return (real_now(dt.UTC) + dt.timedelta(seconds=shift())).replace(tzinfo=None)

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if port == _LAYOUT.unpack_from(shared)[1]:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real_getaddrinfo(host, port, *args, **kwargs)

    time.time = lambda: real_time() + shift()
    time.time_ns = lambda: real_time_ns() + int(shift() * 1e9)
    # The class itself must stay: msgspec and pydantic know it by its identity, and its type takes no new attributes.
    [attributes] = gc.get_referents(dt.datetime.__dict__)
    attributes |= {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(dt.datetime))
    socket.getaddrinfo = getaddrinfo


if __name__ == "__main__":
    _change(Path(sys.argv[1]))
    sys.path[0] = str(Path.cwd())
    sys.argv = ["collector", *sys.argv[2:]]
    runpy.run_module("collector", run_name="__main__")
