"""Trust by fingerprint: ``ssl.ca_trusted_fingerprint``.

The Elastic Agent looks for the fingerprint among the certificates that the server shows, trusts the one that has it,
and then verifies as ever. Python's TLS cannot add trust in the middle of a handshake. So the chain is looked at first,
in a handshake after which nothing is sent; the certificate with the fingerprint becomes the only one that is trusted;
and every connection that carries a request is verified against it in full: chain, dates and host name.

Promise: before the fingerprint was seen nothing is trusted, so no request can leave too early.
"""

import asyncio
import hashlib
import hmac
import ssl
from _ssl import ENCODING_DER  # pyright: ignore[reportPrivateImportUsage]
from typing import Any, Final

from collector.output.elasticsearch.proxies import Proxy

_MAX_PROXY_REPLY: Final = 64 * 1024


class FingerprintError(Exception):
    """The server shows no certificate with the fingerprint."""


class PinnedAuthority:
    """The one certificate that is trusted, known by its SHA-256 fingerprint until a server shows it."""

    def __init__(self, fingerprint: str, trusting: ssl.SSLContext, looking: ssl.SSLContext) -> None:
        """Take the fingerprint in lower-case hexadecimal digits.

        `trusting` trusts nothing yet and is for requests; `looking` verifies nothing and is only looked through.
        """
        self._fingerprint = fingerprint
        self._trusting = trusting
        self._looking = looking

    async def establish(self, host: str, port: int, proxy: Proxy | None) -> None:
        """Look at the chain of this server and trust what has the fingerprint.

        Raises:
            FingerprintError: nothing in the chain has it.
            OSError: the server or the proxy does not answer as it should (`ssl.SSLError` is one).
        """
        chain = await _fetch_chain(host, port, self._looking, proxy)
        for certificate in chain:
            if hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), self._fingerprint):
                self._trusting.load_verify_locations(cadata=certificate)
                return
        shown = ", ".join(hashlib.sha256(certificate).hexdigest() for certificate in chain)
        raise FingerprintError(
            f"no certificate that the server shows has the fingerprint ca_trusted_fingerprint; they have {shown}"
        )


async def _fetch_chain(host: str, port: int, context: ssl.SSLContext, proxy: Proxy | None) -> list[bytes]:
    """Return the certificates that the server shows, its own first, in DER form; nothing follows the handshake."""
    where = (host, port) if proxy is None else (proxy.host, proxy.port)
    reader, writer = await asyncio.open_connection(*where, limit=_MAX_PROXY_REPLY)
    try:
        if proxy is not None:
            await open_tunnel(reader, writer, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", proxy)
        await writer.start_tls(context, server_hostname=host)
        return _read_chain(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


async def open_tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, proxy: Proxy) -> None:
    """Have the proxy connect us to ``host:port``.

    Raises:
        OSError: it does not, or gives no proper answer.
    """
    headers = "".join(f"{name}: {value.reveal()}\r\n" for name, value in proxy.tunnel_headers.items())
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{headers}\r\n".encode())
    try:
        status = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].split()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise OSError(f"the proxy {proxy.url} gives no proper answer") from error
    if status[1:2] != [b"200"]:
        raise OSError(f"the proxy {proxy.url} opens no tunnel: {b' '.join(status[1:]).decode('ascii', 'replace')}")


def _read_chain(connection: Any) -> list[bytes]:
    """Return what the peer showed in the handshake, unverified.

    The documented method came with Python 3.13. Python 3.12 has it on the private object beneath, where certificates
    are objects and not bytes.
    """
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain())
    chain = connection._sslobj.get_unverified_chain()  # noqa: SLF001 - see above
    return [certificate.public_bytes(ENCODING_DER) for certificate in chain or ()]
