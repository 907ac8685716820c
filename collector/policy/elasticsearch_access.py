"""How an Elasticsearch node is addressed, and the API key that opens it.

Promises: an address becomes a whole URL; an API key has one of its two forms, and no message shows any of it.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import override
from urllib.parse import SplitResult, urlsplit

from collector.policy.kinds import SecretText, Text
from collector.policy.problems import RefusedError

DEFAULT_PORT = 9200


@dataclass(frozen=True)
class HostUrl(Text):
    """The address of an Elasticsearch node; becomes a whole URL with its port."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip()
        scheme, mark, _ = text.partition("://")
        url = _split_url(text if mark else f"http://{text}")
        if mark and scheme not in {"http", "https"}:
            raise RefusedError("{shown} is not a web address", "Write http:// or https:// before the host.")
        if url.username is not None or url.password is not None:
            raise RefusedError(
                "the address holds a user name or a password", "Write username and password as keys of their own."
            )
        if url.query or url.fragment:
            raise RefusedError("the address has a query or a fragment", "Write scheme, host, port and path only.")
        host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
        return f"{url.scheme}://{host}:{url.port or DEFAULT_PORT}{url.path.rstrip('/')}"

    @override
    def describe(self) -> str:
        return "address: `https://host:port`, `http://host`, `host:port` or `host`"


def _split_url(text: str) -> SplitResult:
    hint = "Write for example https://elasticsearch.example.org:9200."
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise RefusedError("{shown} is not an address", hint) from None
    if not url.hostname or port == 0 or not re.fullmatch(r"[A-Za-z0-9._:%-]+", url.hostname):
        raise RefusedError("{shown} is not an address", hint)
    return url


@dataclass(frozen=True)
class ApiKeyText(SecretText):
    """An Elasticsearch API key: ``id:key`` as the Elastic Agent writes it, or the encoded form that Kibana shows."""

    @override
    def check_form(self, value: str) -> str:
        if not is_id_and_key(value.strip()) and not is_id_and_key(_decode(value.strip())):
            raise RefusedError(
                "is neither id:key nor an encoded API key", "Copy the key from Kibana in the form Beats or Encoded."
            )
        return value.strip()


def is_id_and_key(text: str) -> bool:
    """Tell whether the text is an API key in the form ``id:key``."""
    return re.fullmatch(r"[\x21-\x39\x3b-\x7e]+:[\x21-\x7e]+", text) is not None


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
