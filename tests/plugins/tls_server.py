"""A TLS server that a client must refuse, one fault at a time, and one that it must accept.

`REFUSALS` are the cases of docs/guarantees.md S3. `serve_tls(case, certificates)` listens on 127.0.0.1 and keeps what
it could read: a client that refuses in time has sent no credential. A test runs the `ACCEPTED` case too: a client that
fails for any other reason would look as if it refused.

    @pytest.mark.parametrize("case", REFUSALS, ids=str)
    async def test_...(case, certificates):
        async with serve_tls(case, certificates) as server:
            with pytest.raises(...):
                await call(server.url, ca=certificates.ca_path)
            assert b"canary" not in server.received
"""

import asyncio
import datetime as dt
import ssl
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME = "localhost"
ADDRESS = "127.0.0.1"
DAY = dt.timedelta(days=1)
ANSWER_LIMIT_S = 5.0


class Certificates:
    """A certificate authority that the client trusts, one that it does not, and what they issue."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.stranger = trustme.CA(organization_name="an authority that nobody trusts")
        self.ca_path = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_path)
        self._folder = folder

    def serve(self, *names: str, client_certificates: bool = False) -> ssl.SSLContext:
        """A server's context with a good certificate; it may insist on a certificate of the client."""
        context = _load(self.authority.issue_cert(*(names or (NAME, ADDRESS))))
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        return context

    def serve_untrusted(self) -> ssl.SSLContext:
        """A server's context with a certificate for the right names, of an authority that nobody trusts."""
        return _load(self.stranger.issue_cert(NAME, ADDRESS))

    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts the authority and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        return context

    def write_leaf(self, *names: str) -> Path:
        """One file with a good certificate, its chain and its key."""
        path = self._folder / f"{len(list(self._folder.iterdir()))}.pem"
        self.authority.issue_cert(*(names or (NAME, ADDRESS))).private_key_and_cert_chain_pem.write_to_path(path)
        return path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for this session."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@dataclass(frozen=True)
class TlsCase:
    """One way of serving: `context` gives the TLS of the server, None where it speaks none.

    `host` is the name that the client is told. `redirects` sends every request to a port without TLS. With
    `needs_pin` all is well but for the fingerprint, which a client only knows when it pins one.
    """

    name: str
    context: Callable[[Certificates], ssl.SSLContext | None]
    host: str = NAME
    redirects: bool = False
    needs_pin: bool = False

    def __str__(self) -> str:
        return self.name


def _load(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def _load_pem(*parts: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(b"".join(parts))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _self_signed(_: Certificates) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(_now() - DAY)
        .not_valid_after(_now() + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    no_password = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    return _load_pem(private, certificate.public_bytes(serialization.Encoding.PEM))


def _expired(certificates: Certificates) -> ssl.SSLContext:
    return _load(certificates.authority.issue_cert(NAME, not_before=_now() - 9 * DAY, not_after=_now() - DAY))


def _not_yet_valid(certificates: Certificates) -> ssl.SSLContext:
    return _load(certificates.authority.issue_cert(NAME, not_before=_now() + DAY, not_after=_now() + 9 * DAY))


def _wrong_host(certificates: Certificates) -> ssl.SSLContext:
    return _load(certificates.authority.issue_cert("elsewhere.example"))


def _wrong_authority(certificates: Certificates) -> ssl.SSLContext:
    return certificates.serve_untrusted()


def _missing_chain(certificates: Certificates) -> ssl.SSLContext:
    """The certificate of an intermediate authority, without the intermediate."""
    leaf = certificates.authority.create_child_ca().issue_cert(NAME, ADDRESS)
    return _load_pem(leaf.private_key_pem.bytes(), leaf.cert_chain_pems[0].bytes())


def _address_without_san(certificates: Certificates) -> ssl.SSLContext:
    """The address is in the common name only, which nobody may look at (RFC 9110, 4.3.5)."""
    return _load(certificates.authority.issue_cert(NAME, common_name=ADDRESS))


def _old_protocol(version: ssl.TLSVersion) -> Callable[[Certificates], ssl.SSLContext]:
    def build(certificates: Certificates) -> ssl.SSLContext:
        context = certificates.serve()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # to serve the old version is the point
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
        return context

    return build


def _null_cipher(certificates: Certificates) -> ssl.SSLContext:
    """The server offers to leave the connection unencrypted, and nothing else."""
    context = certificates.serve()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("eNULL:@SECLEVEL=0")
    return context


def _good(certificates: Certificates) -> ssl.SSLContext:
    return certificates.serve()


def _none(_: Certificates) -> None:
    return None


ACCEPTED = TlsCase("good", _good)
REFUSALS = (
    TlsCase("self-signed", _self_signed),
    TlsCase("expired", _expired),
    TlsCase("not-yet-valid", _not_yet_valid),
    TlsCase("wrong-host", _wrong_host),
    TlsCase("wrong-authority", _wrong_authority),
    TlsCase("tls-1.0", _old_protocol(ssl.TLSVersion.TLSv1)),
    TlsCase("tls-1.1", _old_protocol(ssl.TLSVersion.TLSv1_1)),
    TlsCase("missing-chain", _missing_chain),
    TlsCase("address-without-san", _address_without_san, host=ADDRESS),
    TlsCase("null-cipher", _null_cipher),
    TlsCase("plain-http", _none),
    TlsCase("redirect-to-http", _good, redirects=True),
)
PIN_REFUSAL = TlsCase("revoked-by-pin", _good, needs_pin=True)
"""Only for clients that can pin a fingerprint: give them that of another certificate."""


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class TlsServer:
    """A listening server. `received` is every byte that it could read; `diverted` what came to the port without TLS."""

    host: str
    port: int = 0
    received: bytearray = field(default_factory=bytearray)
    diverted: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"


@asynccontextmanager
async def serve_tls(
    case: TlsCase, certificates: Certificates, *, body: bytes = b"{}", headers: dict[str, str] | None = None
) -> AsyncIterator[TlsServer]:
    """Serve the case until the block ends; each request is answered with 200 and `body`, or with a redirect."""
    server = TlsServer(case.host)
    async with AsyncExitStack() as stack:
        plain_port = await stack.enter_async_context(_listen(_answer(server.diverted, _respond(body, headers)), None))
        target = f"http://{ADDRESS}:{plain_port}/"
        answer = _redirect(target) if case.redirects else _respond(body, headers)
        handler = _answer(server.received, answer)
        server.port = await stack.enter_async_context(_listen(handler, case.context(certificates)))
        yield server


@asynccontextmanager
async def _listen(handler: Handler, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, as it should
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, ADDRESS, 0, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()


def _answer(received: bytearray, response: bytes) -> Handler:
    """Read what comes up to the end of a request's head, keep it, and answer."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while chunk := await reader.read(65536):
                received.extend(chunk)
                if b"\r\n\r\n" in chunk or chunk[:1] == b"\x16":  # 22: the first byte of a TLS handshake
                    break
        writer.write(response)
        await writer.drain()

    return handle


def _respond(body: bytes, headers: dict[str, str] | None) -> bytes:
    return (
        _head("200 OK", {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})})
        + body
    )


def _redirect(target: str) -> bytes:
    return _head("307 Temporary Redirect", {"Location": target, "Content-Length": "0"})


def _head(status: str, headers: dict[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Connection: close",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()
