"""Turns an output of the policy into the arguments of the official client."""

import base64
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from elastic_transport import NodeConfig
from elastic_transport.client_utils import url_to_node_config

from collector.output.elasticsearch.node import PASSAGE, OutputNode, Passage
from collector.output.elasticsearch.pinning import PinnedAuthority
from collector.output.elasticsearch.proxies import find_proxy, is_loopback
from collector.policy import ElasticsearchOutput, Ssl
from collector.policy.tls import is_pem

LOGINS = ("api_key", "basic_auth", "bearer_auth")
"""Which of the arguments of ``AsyncElasticsearch`` are credentials."""


def client_settings(output: ElasticsearchOutput) -> dict[str, Any]:
    """Return the keyword arguments of ``AsyncElasticsearch`` for an output. Connects to nothing.

    Raises:
        OSError: a certificate or key file cannot be read, or holds something else, or the environment names a proxy
            that cannot be used.
    """
    settings: dict[str, Any] = {
        "hosts": list(_describe_nodes(output)),
        "node_class": OutputNode,
        "request_timeout": output.timeout.total_seconds(),
        "connections_per_node": output.worker + 1,
        "headers": {name: value.reveal() for name, value in output.headers.items()},
    }
    if output.encoded_api_key is not None:
        settings["api_key"] = output.encoded_api_key.reveal()
    if output.username is not None and output.password is not None:
        # Encoded here, because the client takes nothing but ASCII for a pair; UTF-8 is what Elasticsearch reads.
        pair = f"{output.username}:{output.password.reveal()}"
        settings["basic_auth"] = base64.b64encode(pair.encode()).decode()
    if output.service_token is not None:
        settings["bearer_auth"] = output.service_token.reveal()
    return settings


def find_risks(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is unsafe about the settings of a client and was asked for, in words for a warning."""
    nodes = [node for node in settings["hosts"] if isinstance(node, NodeConfig)]
    if any(node.ssl_context is not None and node.ssl_context.verify_mode is ssl.CERT_NONE for node in nodes):
        yield "TLS certificates of the output are not verified"
    has_login = any(settings.get(login) for login in LOGINS)
    if has_login and any(node.scheme == "http" and not is_loopback(node.host) for node in nodes):
        yield "credentials are sent to the output without TLS"


def _describe_nodes(output: ElasticsearchOutput) -> Iterator[NodeConfig]:
    urls = list(dict.fromkeys(output.urls))
    context = pin = None
    if any(url.startswith("https://") for url in urls):
        context = _tls(output.ssl)
        if output.ssl.ca_trusted_fingerprint is not None:
            pin = PinnedAuthority(output.ssl.ca_trusted_fingerprint, context, _looking(output.ssl))
    for url in urls:
        node = url_to_node_config(url)
        secure = node.scheme == "https"
        passage = Passage(find_proxy(output, url), pin if secure else None)
        yield node.replace(ssl_context=context if secure else None, _extras={PASSAGE: passage})


def _tls(settings: Ssl) -> ssl.SSLContext:
    """Return the context for requests; with a fingerprint it trusts nothing until a server shows what has it."""
    if settings.ca_trusted_fingerprint is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The pinned certificate may be the server's own or an intermediate, and not end in a self-signed one.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    elif settings.certificate_authorities:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for authority in settings.certificate_authorities:
            _trust(context, authority)
    else:
        context = ssl.create_default_context()
    if settings.verification_mode == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return _complete(context, settings)


def _looking(settings: Ssl) -> ssl.SSLContext:
    """Return a context in which a server's chain can be looked at; nothing may be sent in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _complete(context, settings)


def _complete(context: ssl.SSLContext, settings: Ssl) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate is not None and settings.key is not None:
        _load_identity(context, settings.certificate, settings.key.reveal(), settings)
    return context


def _trust(context: ssl.SSLContext, authority: str) -> None:
    try:
        context.load_verify_locations(cadata=_pem(authority))
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise OSError(f"ssl.certificate_authorities: {_name(authority)} holds no certificate in PEM form") from error


def _load_identity(context: ssl.SSLContext, certificate: str, key: str, settings: Ssl) -> None:
    """The standard library reads certificates from files only; the copy lives as long as this call."""
    passphrase = settings.key_passphrase.reveal() if settings.key_passphrase is not None else ""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as identity:  # mode 0600
        identity.write(f"{_pem(certificate)}\n{_pem(key)}\n")
        identity.flush()
        try:
            # Without a passphrase OpenSSL would ask for it at the terminal.
            context.load_cert_chain(identity.name, password=lambda: passphrase)
        except ssl.SSLError as error:
            raise OSError(
                f"ssl.certificate and ssl.key cannot be used ({error.reason}): check that both are in PEM form and "
                "belong together, and ssl.key_passphrase"
            ) from error


def _pem(text_or_path: str) -> str:
    return text_or_path if is_pem(text_or_path) else Path(text_or_path).read_text("ascii")


def _name(text_or_path: str) -> str:
    return "the text" if is_pem(text_or_path) else text_or_path
