"""The emulator as a program: `aoai-collector emulate entra`."""

from collections.abc import Callable

import yaml

from collector.emulators.certificates import issue_certificate
from collector.emulators.entra.applications import Application
from collector.emulators.entra.emulator import EntraEmulator
from collector.emulators.termination import watch_for_end


async def serve(application: Application, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Let one application log in until cancelled or told to end by SIGTERM.

    Args:
        application: who may.
        host: the address to listen at.
        port: the port to listen at; 0 takes a free one.
        announce: told, once clients can connect, the keys of a policy's stream that lead here, as YAML.

    Raises:
        OSError: when the port is taken.
    """
    with watch_for_end() as ended, issue_certificate() as certificate:
        async with EntraEmulator([application], ssl_context=certificate.context, host=host, port=port) as entra:
            keys = {
                "tenant_id": entra.tenant,
                "client_id": application.client_id,
                "client_secret": application.secret,
                "authority_host": entra.authority,
                "ssl": {"certificate_authorities": [str(certificate.authority)]},
            }
            announce(yaml.safe_dump(keys, sort_keys=False).rstrip())
            await ended.wait()
