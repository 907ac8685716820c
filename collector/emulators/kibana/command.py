"""The emulator as a program: `aoai-collector emulate kibana`."""

from collections.abc import Callable
from dataclasses import dataclass

from collector.emulators.kibana.access import User
from collector.emulators.kibana.connectors import Connector
from collector.emulators.kibana.emulator import KibanaEmulator
from collector.emulators.kibana.instance import Instance
from collector.emulators.termination import watch_for_end

CONNECTOR = Connector("emulated-log")
"""The connector that there is."""


@dataclass(frozen=True, slots=True)
class Superuser:
    """Who may do everything."""

    name: str
    password: str


async def serve(
    instance: Instance, superuser: Superuser, host: str, port: int, announce: Callable[[str], None]
) -> None:
    """Serve a Kibana over plain HTTP until cancelled or told to end by SIGTERM.

    Args:
        instance: what Kibana it is.
        superuser: who may log in.
        host: the address to listen at.
        port: the port to listen at; 0 takes a free one.
        announce: told, once clients can connect, the options and the variable of `setup` that lead here.

    Raises:
        OSError: when the port is taken.
    """
    user = User(superuser.name, password=superuser.password, superuser=True)
    with watch_for_end() as ended:
        async with KibanaEmulator([user], instance=instance, connectors=[CONNECTOR], host=host, port=port) as kibana:
            announce(f"--kibana {kibana.url} --username {superuser.name} --connector {CONNECTOR.id}")
            announce(f"AOAI_SETUP_PASSWORD={superuser.password}")
            await ended.wait()
