"""Tokens that were handed out, and the checks of assertions that ask for one."""

import base64
import binascii
import json
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from collector.emulators.entra.errors import assertion_out_of_date, wrong_audience, wrong_signature

LIFETIME_S = 3599
"""How long a token is good for, as at the real service."""
_CLOCK_SKEW_S = 300


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """Whom a token was given to, for which resource, and until when (seconds since 1970)."""

    client_id: str
    resource: str
    expires_at: float


class TokenBook:
    """Every token that was handed out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells the time in seconds since 1970."""
        self._clock = clock
        self._issued: dict[str, IssuedToken] = {}

    def issue(self, client_id: str, resource: str, lifetime_s: int) -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(48)
        self._issued[token] = IssuedToken(client_id, resource, self._clock() + lifetime_s)
        return token

    def look_up(self, token: str) -> IssuedToken | None:
        """Return what the token is, also when it is too old; None when it is unknown."""
        return self._issued.get(token)

    def find(self, token: str) -> IssuedToken | None:
        """Return what the token is, or None when it is unknown or too old."""
        issued = self._issued.get(token)
        return issued if issued is not None and issued.expires_at > self._clock() else None


def check_assertion(assertion: str, client_id: str, audience: str, certificates: Iterable[str]) -> None:
    """Check an assertion that an application signed with the key of its certificate (RFC 7523, section 3).

    Raises:
        LoginRefusedError: signature, audience, times or names are wrong.
    """
    head, body, signature = _split(assertion)
    if not any(_is_signed_by(pem, head, assertion.rpartition(".")[0], signature) for pem in certificates):
        raise wrong_signature()
    if body.get("iss") != client_id or body.get("sub") != client_id:
        raise wrong_signature()
    if body.get("aud") != audience:
        raise wrong_audience()
    now = time.time()
    times = (body.get("nbf"), body.get("exp"))
    if not all(isinstance(each, int | float) for each in times):
        raise assertion_out_of_date()
    if not cast("float", times[0]) - _CLOCK_SKEW_S <= now <= cast("float", times[1]):
        raise assertion_out_of_date()


def _split(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    try:
        head, body, signature = assertion.split(".")
        parsed = [json.loads(_decode(part)) for part in (head, body)]
        raw = _decode(signature)
    except (ValueError, binascii.Error):
        raise wrong_signature() from None
    if not all(isinstance(part, dict) for part in parsed):
        raise wrong_signature()
    return parsed[0], parsed[1], raw


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_signed_by(pem: str, head: dict[str, Any], signed: str, signature: bytes) -> bool:
    """Tell whether this certificate's key made the signature, with PS256 or RS256 (RFC 7518, sections 3.3 and 3.5)."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    if head.get("alg") == "PS256":
        scheme: padding.AsymmetricPadding = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    elif head.get("alg") == "RS256":
        scheme = padding.PKCS1v15()
    else:
        return False
    try:
        key.verify(signature, signed.encode(), scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True
