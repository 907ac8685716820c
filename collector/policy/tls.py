"""The section ``ssl`` of an output: how the server is known, and how this side shows itself.

Promises: certificates and keys are named by absolute paths or given as PEM texts; checking the server is the default.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal, override

from collector.policy.ignored_keys import SSL_IGNORED, SSL_REFUSED
from collector.policy.kinds import Choice, ListOf, SecretText, Switch, Text
from collector.policy.problems import RefusedError
from collector.policy.secret import Secret
from collector.policy.section import Contradiction, Section, setting


@dataclass(frozen=True)
class Fingerprint(Text):
    """A SHA-256 fingerprint of a certificate: 64 hexadecimal digits, with or without colons."""

    @override
    def check(self, value: object) -> str:
        digits = super().check(value).replace(":", "").lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digits):
            raise RefusedError(
                "is not a SHA-256 fingerprint",
                "Write the 64 hexadecimal digits that `openssl x509 -fingerprint -sha256` prints.",
            )
        return digits

    @override
    def describe(self) -> str:
        return "SHA-256 fingerprint, 64 hexadecimal digits"


@dataclass(frozen=True)
class PemOrPath(Text):
    """A file in PEM form by its absolute path, or the PEM text itself."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value)
        check_pem_or_path(text)
        return text

    @override
    def describe(self) -> str:
        return "absolute path of a PEM file, or the PEM text"


@dataclass(frozen=True)
class PrivateKey(SecretText):
    """A private key in PEM form, by its absolute path or as the text itself."""

    @override
    def check_form(self, value: str) -> str:
        check_pem_or_path(value)
        return value

    @override
    def describe(self) -> str:
        return "secret: absolute path of a PEM file, or the PEM text"


def is_pem(text: str) -> bool:
    """Tell whether the text is PEM itself and no path."""
    return text.lstrip().startswith("-----BEGIN ")


def check_pem_or_path(text: str) -> None:
    """Raise `RefusedError` when the text is neither PEM nor an absolute path.

    A relative path would depend on the directory that a service happens to start in.
    """
    if not is_pem(text) and not PurePath(text).is_absolute():
        raise RefusedError("is not an absolute path", "Write the path from / on, or the PEM text itself.")


class Ssl(Section):
    """``ssl``: how the server is known, and how this side shows itself."""

    ignored_keys: ClassVar[Mapping[str, str]] = SSL_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = SSL_REFUSED

    enabled: Annotated[bool, Switch()] = setting(
        True,
        "Whether the keys of this section are used. Whether a host is spoken to over TLS is told by its https://.",
        reason="the Elastic Agent's default; false is refused for an https:// host, because nothing would check it",
    )
    verification_mode: Annotated[
        Literal["full", "none"],
        Choice(
            ("full", "none"),
            refused=(
                ("strict", "Write full: it already refuses a certificate without a matching subject alternative name."),
                (
                    "certificate",
                    "Write full, and put the host's name into the certificate; or pin it with ca_trusted_fingerprint.",
                ),
            ),
        ),
    ] = setting(
        "full",
        "full checks the certificate's chain, dates and host name. none checks nothing and is warned of at each start.",
        reason="a log shipper that does not check its server hands its API key to anyone in between",
    )
    certificate_authorities: Annotated[tuple[str, ...], ListOf(PemOrPath())] = setting(
        (),
        "Authorities that may have signed the server's certificate, instead of the system's.",
        reason="without it the authorities of the system are trusted, as in the Elastic Agent",
        example="[/etc/ssl/elastic-ca.pem]",
    )
    certificate: Annotated[str | None, PemOrPath()] = setting(
        None,
        "The certificate this side shows. Needs key.",
        reason="few clusters ask for a client certificate",
        example="/etc/aoai/client.pem",
    )
    key: Annotated[Secret | None, PrivateKey()] = setting(
        None,
        "The private key of certificate.",
        reason="goes with certificate",
        example="/etc/aoai/client.key",
    )
    key_passphrase: Annotated[Secret | None, SecretText()] = setting(
        None,
        "The passphrase that key is encrypted with.",
        reason="a key may be unencrypted",
        example='"${env.KEY_PASSPHRASE}"',
    )
    ca_trusted_fingerprint: Annotated[str | None, Fingerprint()] = setting(
        None,
        "The SHA-256 fingerprint of an authority in the chain that the server shows, or of the server's own "
        "certificate. That certificate alone is trusted then, in place of certificate_authorities; chain, dates and "
        "host name are checked as ever.",
        reason="pinning is for clusters with a self-signed authority, such as a fresh installation of Elasticsearch 8",
    )

    @override
    @classmethod
    def find_missing(cls, given: Mapping[str, object]) -> Iterator[Contradiction]:
        pairs = (("certificate", "key"), ("key", "certificate"), ("key_passphrase", "key"))
        for key, needed in pairs:
            if key in given and needed not in given:
                yield Contradiction((key,), f"is given without {needed}", f"Write {needed} too, or remove {key}.")
        if "ca_trusted_fingerprint" in given and given.get("verification_mode") == "none":
            yield Contradiction(
                ("ca_trusted_fingerprint",),
                "is given, but verification_mode is none, so nothing would be compared with it",
                "Remove verification_mode: the fingerprint is all that a self-signed authority needs.",
            )
