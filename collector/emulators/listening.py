"""Listening: what every emulator that speaks HTTP does between its start and its stop."""

import ssl
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Final, Self

from aiohttp import web

_SECONDS_FOR_LAST_ANSWERS: Final = 0.1


class HttpEmulator(ABC):
    """An emulator with some ports at one address. May be started again after a stop."""

    def __init__(self, host: str) -> None:
        """Listen at this address, once started."""
        self._host = host
        self._runners: list[web.AppRunner] = []

    @abstractmethod
    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: a port is taken, or the address is not of this machine.
        """

    async def stop(self) -> None:
        """Stop listening."""
        while self._runners:
            await self._runners.pop().cleanup()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _listen(self, application: web.Application, port: int, context: ssl.SSLContext | None) -> int:
        """Serve an application at a port, at a free one for 0; return the real one."""
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SECONDS_FOR_LAST_ANSWERS)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self._host, port, ssl_context=context).start()
        return int(runner.addresses[0][1])
