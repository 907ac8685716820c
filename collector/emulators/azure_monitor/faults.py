"""Faults on order: the next requests of a kind are refused, cut off, or held until a test lets them go."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from collector.emulators.azure_monitor.errors import (
    THROTTLED_BACKEND,
    RequestRefusedError,
    backend_throttled,
    server_error,
)


class ConnectionCutError(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True)
class Fault:
    """What befalls requests.

    Attributes:
        action: which ones, by the names in the journal, such as `getBatch`; empty for all.
        status: the status to refuse with: 429, 529, 500, 502, 503 or 504; 0 cuts the connection.
        times: how many requests it befalls; None for all until it is taken away.
        retry_after: the seconds of the header `Retry-After`, which is left out when None.
    """

    action: str = ""
    status: int = 503
    times: int | None = 1
    retry_after: int | None = None

    def build(self) -> Exception:
        """Return what is raised in place of an answer."""
        if self.status == 0:
            return ConnectionCutError()
        error = _build(self.status)
        if self.retry_after is not None:
            error.headers["Retry-After"] = str(self.retry_after)
        return error


class Gate:
    """Holds requests. `waiting` is how many stand before it."""

    def __init__(self, action: str) -> None:
        """Hold requests for an action; all of them when it is empty."""
        self.action = action
        self.waiting = 0
        self._opened = asyncio.Event()
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Let all go."""
        self._opened.set()

    async def reached(self, count: int) -> None:
        """Return when so many requests stand before it."""
        while self.waiting < count:
            self._changed.clear()
            await self._changed.wait()

    async def wait(self) -> None:
        """Stand before it until it opens."""
        self.waiting += 1
        self._changed.set()
        try:
            await self._opened.wait()
        finally:
            self.waiting -= 1


class Faults:
    """The faults of an emulator, in the order they were ordered."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._gates: list[Gate] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Take all faults away; what is held stays held."""
        self._faults.clear()

    @contextmanager
    def hold(self, action: str = "") -> Generator[Gate]:
        """Hold requests until the block ends: slow answers without a guess of time."""
        gate = Gate(action)
        self._gates.append(gate)
        try:
            yield gate
        finally:
            self._gates.remove(gate)
            gate.open()

    async def meet(self, action: str) -> None:
        """Let a request meet what is ordered for it.

        Raises:
            RequestRefusedError: it is refused.
            ConnectionCutError: its connection is to be closed.
        """
        for gate in [each for each in self._gates if each.action in {"", action}]:
            await gate.wait()
        for fault in self._faults:
            if fault.action in {"", action}:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                raise fault.build()


def _build(status: int) -> RequestRefusedError:
    if status == THROTTLED_BACKEND:
        return backend_throttled()
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return RequestRefusedError(status, "TooManyRequests", "Too many requests. Please try again later.")
    return server_error(status)
