"""Turns an output of the policy into the arguments of the official client."""

import ssl
import tempfile
from pathlib import Path
from typing import Any

from collector.policy import ElasticsearchOutput, Ssl


def client_settings(output: ElasticsearchOutput) -> dict[str, Any]:
    """Return the keyword arguments of ``AsyncElasticsearch`` for an output.

    Raises:
        OSError: a certificate or key file cannot be read, or holds something else.
    """
    settings: dict[str, Any] = {
        "hosts": list(output.urls),
        "request_timeout": output.timeout.total_seconds(),
        "connections_per_node": output.worker + 1,
        "headers": {name: value.reveal() for name, value in output.headers.items()},
    }
    if output.encoded_api_key is not None:
        settings["api_key"] = output.encoded_api_key.reveal()
    if output.username is not None and output.password is not None:
        settings["basic_auth"] = (output.username, output.password.reveal())
    if any(url.startswith("https://") for url in output.urls):
        settings["ssl_context"] = _tls(output.ssl)
        if output.ssl.ca_trusted_fingerprint is not None:
            settings["ssl_assert_fingerprint"] = output.ssl.ca_trusted_fingerprint
    return settings


def _tls(settings: Ssl) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.certificate_authorities:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for authority in settings.certificate_authorities:
            context.load_verify_locations(cadata=_pem(authority))
    if settings.verification_mode == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.certificate is not None and settings.key is not None:
        _load_identity(context, settings.certificate, settings.key.reveal(), settings)
    return context


def _load_identity(context: ssl.SSLContext, certificate: str, key: str, settings: Ssl) -> None:
    """The standard library reads certificates from files only; the copy lives as long as this call."""
    passphrase = settings.key_passphrase.reveal() if settings.key_passphrase is not None else None
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as identity:  # mode 0600
        identity.write(f"{_pem(certificate)}\n{_pem(key)}\n")
        identity.flush()
        context.load_cert_chain(identity.name, password=passphrase)


def _pem(text_or_path: str) -> str:
    return text_or_path if text_or_path.lstrip().startswith("-----BEGIN ") else Path(text_or_path).read_text("ascii")
