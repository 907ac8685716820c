"""The emulator as a program: `aoai-collector emulate event-hubs`."""

import asyncio
from collections.abc import Callable, Sequence

from collector.emulators.event_hubs.emulator import EventHubsEmulator
from collector.emulators.event_hubs.namespace import Hub


async def serve(hubs: Sequence[Hub], host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve `hubs` until cancelled.

    Args:
        hubs: what the emulator has.
        host: the address to listen at.
        port: the port to listen at; 0 takes a free one, 5672 is what clients take when a connection string names none.
        announce: told the connection string once clients can connect.

    Raises:
        OSError: when the port is taken.
    """
    async with EventHubsEmulator(hubs, host=host, port=port) as emulator:
        announce(emulator.connection_string(hubs[0].name if len(hubs) == 1 else None))
        await asyncio.Event().wait()


def run(host: str, port: int, hubs: Sequence[Hub], announce: Callable[[str], None] = print) -> None:
    """Serve `hubs` until interrupted; print the connection string.

    Raises:
        OSError: when the port is taken.
    """
    try:
        asyncio.run(serve(hubs, host, port, announce))
    except KeyboardInterrupt:
        return
