"""Throw-away certificates for emulators that speak TLS, for as long as one runs."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_LIFETIME: Final = dt.timedelta(days=30)
_CLOCKS_APART: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate for `localhost` and 127.0.0.1.

    Attributes:
        context: what a server listens with.
        authority: the file that a client must trust, in PEM.
    """

    context: ssl.SSLContext
    authority: Path


@contextmanager
def issue_certificate() -> Generator[Certificate]:
    """Issue a certificate of an authority of its own; its files are gone when the block ends.

    Raises:
        OSError: the files cannot be written.
    """
    with TemporaryDirectory(prefix="aoai-emulator-") as folder:
        authority, server = Path(folder, "ca.pem"), Path(folder, "server.pem")
        key, issuer = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _sign("aoai-collector emulators", issuer, issuer, None)
        leaf = _sign("localhost", key, issuer, root)
        authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        server.write_bytes(_write_key(key) + leaf.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server)
        server.unlink()
        yield Certificate(context, authority)


def _sign(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey, root: x509.Certificate | None
) -> x509.Certificate:
    """Return a certificate: the authority's own when `root` is None, else one that it has issued to a server."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder(root.subject if root else subject, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=root is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    if root is None:
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        return builder.add_extension(usage, critical=True).sign(issuer, hashes.SHA256())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(issuer, hashes.SHA256())


def _write_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
