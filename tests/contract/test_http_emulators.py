"""What emulators that speak HTTP have in common: ports that open together and close together."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from collector.emulators.azure_monitor import AzureMonitorEmulator, Estate

if TYPE_CHECKING:
    from plugins.tls_server import Certificates


async def test_when_a_port_is_taken_none_stays_open(certificates: "Certificates") -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with server:
        taken = int(server.sockets[0].getsockname()[1])
        emulator = AzureMonitorEmulator(
            Estate(), ssl_context=certificates.serve(), tokens=lambda _: None, metrics_port=taken
        )
        with pytest.raises(OSError, match="address already in use"):
            async with emulator:
                pass
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", emulator.port)
