"""How an Elasticsearch node is addressed, by which way it is reached, and what opens it.

Promises: an address becomes a whole URL; an API key has one of its two forms, and no message shows any of it; which
keys of an output go together is told even where other values are wrong.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast, override
from urllib.parse import SplitResult, urlsplit

from collector.policy.kinds import SecretText, Text
from collector.policy.problems import RefusedError
from collector.policy.secret import MASK, Secret
from collector.policy.section import Contradiction

DEFAULT_PORT = 9200
_CLOUD_PORT = 443
_LOGINS = ("api_key", "username", "service_token")


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


@dataclass(frozen=True)
class BearerToken(SecretText):
    """A token as it stands after ``Authorization: Bearer``."""

    @override
    def check_form(self, value: str) -> str:
        if not re.fullmatch(r"[\x21-\x7e]+", value.strip()):
            raise RefusedError(
                "holds a character that no token has", "Write the value that Elasticsearch showed with the token."
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


@dataclass(frozen=True)
class CloudId(Text):
    """A Cloud ID, as Elastic Cloud shows it: a name, a colon, and the encoded addresses of the deployment."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip()
        try:
            decode_cloud_id(text)
        except ValueError:
            raise RefusedError(
                "is not a Cloud ID", "Copy it from the deployment's page in Elastic Cloud, from the name to the end."
            ) from None
        return text

    @override
    def describe(self) -> str:
        return "Cloud ID: `name:` and the encoded part"


def decode_cloud_id(text: str) -> str:
    """Return the URL of the Elasticsearch that a Cloud ID stands for.

    Behind the name stands, in base64, ``host[:port]$elasticsearch[:port]$kibana``.

    Raises:
        ValueError: the text is no Cloud ID, or the deployment has no Elasticsearch.
    """
    parts = _decode(text.rpartition(":")[2]).split("$")
    host, _, port = parts[0].partition(":")
    name, _, own_port = (parts[1] if len(parts) > 1 else "").partition(":")
    address = f"{name}.{host}"
    whole = f"{address}:{own_port or port or _CLOUD_PORT}"
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+:\d{1,5}", whole):
        raise ValueError("no Cloud ID")
    return f"https://{whole}"


@dataclass(frozen=True)
class ProxyUrl(SecretText):
    """The address of an HTTP proxy; user name and password may stand in it, so its value is treated as a secret."""

    @override
    def check_form(self, value: str) -> str:
        text = value.strip()
        scheme, mark, _ = text.partition("://")
        whole = text if mark else f"http://{text}"
        if mark and scheme != "http":
            raise RefusedError(
                "is not the address of an HTTP proxy",
                "Write http:// before the proxy; requests to hosts with https:// pass it encrypted all the same.",
            )
        try:
            url = urlsplit(whole)
            proper = bool(url.hostname) and url.port != 0 and not (url.path.strip("/") or url.query or url.fragment)
        except ValueError:
            proper = False
        if not proper:
            raise RefusedError("is not the address of a proxy", "Write for example http://proxy.example.org:3128.")
        return whole.rstrip("/")

    @override
    def describe(self) -> str:
        return "address: `http://host:port`, `http://user:password@host:port` or `host:port`"

    @override
    def render(self, value: Secret) -> str:
        """Show where the proxy is, and not who uses it."""
        scheme, _, rest = value.reveal().partition("://")
        _, mark, address = rest.rpartition("@")
        return f"{scheme}://{MASK}@{address}" if mark else f"{scheme}://{address}"


def find_host_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield what is wrong with the keys that say where the output is and which way leads there."""
    if "hosts" in given and "cloud_id" in given:
        yield Contradiction(("cloud_id",), "is given together with hosts", "Leave one of the two.")
    elif "hosts" not in given and "cloud_id" not in given:
        yield Contradiction(("hosts",), "is missing", 'Write hosts: ["https://elasticsearch.example.org:9200"].')
    if "path" in given and "cloud_id" in given:
        yield Contradiction(("path",), "is given together with cloud_id, which names no path", "Remove the key.")
    if "proxy_headers" in given and "proxy_url" not in given:
        yield Contradiction(
            ("proxy_headers",), "is given without proxy_url", "Write proxy_url too, or remove proxy_headers."
        )


def find_login_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield keys of a login that are missing, and logins that exclude each other."""
    for key, needed in (("username", "password"), ("password", "username")):
        if key in given and needed not in given:
            yield Contradiction((key,), f"is given without {needed}", f"Write {needed} too, or remove {key}.")
    if "api_key" in given and ("username" in given or "password" in given):
        yield Contradiction(
            ("api_key",),
            "is given together with username and password",
            "Leave one way to log in: api_key is the better.",
        )
    other = next((key for key in ("api_key", "username", "password") if key in given), None)
    if "service_token" in given and other is not None:
        yield Contradiction(("service_token",), f"is given together with {other}", "Leave one way to log in.")
    headers = given.get("headers")
    names = cast("dict[str, object]", headers) if isinstance(headers, dict) else dict[str, object]()
    present = next((key for key in _LOGINS if key in given), None)
    if present is not None and any(name.lower() == "authorization" for name in names):
        what = "api_key or username" if present != "service_token" else "service_token"
        yield Contradiction(("headers",), f"holds Authorization, which {what} sets too", "Leave one way to log in.")
