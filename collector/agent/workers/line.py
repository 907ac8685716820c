"""The line between a supervisor and one of its workers: a pair of sockets, one JSON object on each line of text.

To the worker goes ``{"policy": TEXT}``: follow it. Back come ``{"begun": OUTPUTS}`` or ``{"refusal": WHY}``, one for
each policy and in their order, and ``{}`` every 10 s while the worker's event loop lives. When the line ends, the other
process is gone.
"""

import asyncio
import json
import socket
from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 64 * 2**20
"""Bytes of one message. A policy has 4 MiB at most, of which JSON makes six times as many at worst."""


class Line:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, message: Mapping[str, Any]) -> None:
        """Send, without waiting; to nobody when the other process is gone."""
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message; None when the other process is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None

    async def close(self) -> None:
        """Send what is on its way, and end the line."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return


async def open_line(end: socket.socket) -> Line:
    """Use one socket of the pair."""
    return Line(*await asyncio.open_connection(sock=end, limit=_LONGEST))
