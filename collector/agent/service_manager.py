"""Tells systemd how the service stands: ready, reloading, stopping, alive.

Protocol: sd_notify(3), which is stable and names this implementation of its own: one datagram to the socket in
``NOTIFY_SOCKET``. No library for it is well kept. Promise: without that variable nothing happens, and nothing here
fails the collector.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Mapping
from typing import Final

logger = logging.getLogger(__name__)

_MICROSECONDS: Final = 1_000_000


class ServiceManager:
    """The service manager that started this process, if one did."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take what the service manager left in the environment."""
        address = environ.get("NOTIFY_SOCKET", "")
        # @ stands for the null byte of the abstract name space.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        watchdog = environ.get("WATCHDOG_USEC", "")
        self._interval = int(watchdog) / _MICROSECONDS / 2 if watchdog.isdecimal() else None

    def tell_ready(self) -> None:
        """Say that the start, or a reload, is over."""
        self._send("READY=1")

    def tell_reloading(self) -> None:
        """Say that another policy is being taken over; ``tell_ready`` must follow."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def tell_stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    async def keep_alive(self) -> None:
        """Say that the event loop lives, twice in the time that the service manager grants, until cancelled."""
        while self._interval:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self._interval)

    def _send(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            ) as sender:
                sender.sendto(state.encode(), self._address)
        except OSError as error:
            logger.warning("the service manager cannot be told", extra={"error.message": str(error), "state": state})
