"""Says of a failed TLS connection what is wrong and what to do."""

import ssl
from typing import Final

_AUTHORITY: Final = (
    "name the authority that signed the server's certificate: ssl.certificate_authorities or "
    "ssl.ca_trusted_fingerprint in the policy, --ca for setup"
)
_NAME: Final = "write the host as the server's certificate names it, or have a certificate issued for this name"
_OLD: Final = "the server must offer TLS 1.2 or later with a cipher that encrypts"

# OpenSSL's words, as they are in the text of the error -> what to do.
_REMEDIES: Final = (
    ("certificate has expired", "renew the server's certificate"),
    ("certificate is not yet valid", "check the clocks of both machines and the certificate's dates"),
    ("mismatch", _NAME),
    ("self-signed", _AUTHORITY),
    ("self signed", _AUTHORITY),
    ("unable to get", _AUTHORITY),
    ("wrong version number", "the server speaks no TLS at this port: check the port, and https:// before the host"),
    ("record layer failure", "the server speaks no TLS at this port: check the port, and https:// before the host"),
    ("packet length too long", "the server speaks no TLS at this port: check the port, and https:// before the host"),
    ("certificate required", "the server wants a client certificate: ssl.certificate and ssl.key"),
    ("unsupported protocol", _OLD),
    ("protocol version", _OLD),
    ("handshake failure", _OLD),
    ("no protocols available", _OLD),
)


def explain_tls(error: OSError) -> str:
    """Return what is wrong, in OpenSSL's words, and what to do about it if that is known."""
    if isinstance(error, ConnectionResetError):
        return f"the server ended the TLS handshake without a reason: {_OLD}"
    text = getattr(error, "verify_message", None) or getattr(error, "reason", None) or str(error)
    words = str(text).replace("_", " ").strip(". ")
    words = words.lower() if words.isupper() else words
    remedy = next((remedy for mark, remedy in _REMEDIES if mark in words.lower()), None)
    return f"{words}: {remedy}" if remedy else words


def find_tls_error(error: BaseException) -> OSError | None:
    """Return the error of the TLS handshake behind an error of the HTTP client, or None."""
    while_connecting = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    if isinstance(while_connecting, ssl.SSLError | ConnectionResetError):
        return while_connecting
    return error if isinstance(error, ssl.SSLError) else None
