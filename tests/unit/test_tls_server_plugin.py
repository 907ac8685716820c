"""The TLS server of the tests itself: a client with Python's defaults takes the good one and refuses the others."""

import asyncio
import ssl
import warnings

import pytest
from plugins.tls_server import ACCEPTED, REFUSALS, Certificates, TlsCase, serve_tls

# Python's TLS knows nothing of redirects; HTTP clients are tested with that case.
HANDSHAKES = [case for case in REFUSALS if not case.redirects]


async def handshake(host: str, port: int, context: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        return await reader.read()
    finally:
        writer.close()


async def test_the_good_server_is_accepted(certificates: Certificates) -> None:
    async with serve_tls(ACCEPTED, certificates) as server:
        reply = await handshake(server.host, server.port, certificates.trust())

    assert reply.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("case", HANDSHAKES, ids=str)
async def test_a_faulty_server_is_refused_before_anything_is_sent(case: TlsCase, certificates: Certificates) -> None:
    async with serve_tls(case, certificates) as server:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await handshake(server.host, server.port, certificates.trust())

        assert b"GET" not in server.received


@pytest.mark.parametrize(
    ("name", "version"), [("tls-1.0", "TLSv1"), ("tls-1.1", "TLSv1.1"), ("null-cipher", "TLSv1.2")]
)
async def test_a_client_that_takes_anything_proves_what_an_old_server_offers(
    name: str, version: str, certificates: Certificates
) -> None:
    lax = certificates.trust()
    lax.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        lax.minimum_version = ssl.TLSVersion.TLSv1
    case = next(case for case in REFUSALS if case.name == name)

    async with serve_tls(case, certificates) as server:
        _, writer = await asyncio.open_connection(server.host, server.port, ssl=lax)
        cipher = writer.get_extra_info("cipher")
        agreed = writer.get_extra_info("ssl_object").version()
        writer.close()

    assert agreed == version
    assert ("NULL" in cipher[0]) == (name == "null-cipher")
