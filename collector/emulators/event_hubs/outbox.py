"""What waits to be written to a connection.

Promised: everything sent during one turn of the event loop goes out in one write; `full` tells when the peer does not
keep up, and nothing optional is sent until it does, so that a slow peer costs a bounded amount of memory.
"""

import asyncio

# Enough to keep a fast reader busy for a turn of the loop; twice this is the most a slow one holds back.
HIGH_WATER_BYTES = 1024 * 1024
LOW_WATER_BYTES = 256 * 1024


class Outbox:
    """Collects what is to be written and writes it in one go."""

    def __init__(self, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES, low=LOW_WATER_BYTES)
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._scheduled = False
        self.pending_bytes = 0
        self.full = False

    def write(self, data: bytes) -> None:
        """Send `data` at the end of this turn of the loop."""
        self._parts.append(data)
        self.pending_bytes += len(data)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what has been collected."""
        self._scheduled = False
        if self._parts:
            parts, self._parts, self.pending_bytes = self._parts, [], 0
            if not self._transport.is_closing():
                self._transport.write(b"".join(parts))

    def count_unread_bytes(self) -> int:
        """Write what has been collected and return how much of all the peer has not taken."""
        self.flush()
        return self._transport.get_write_buffer_size()
