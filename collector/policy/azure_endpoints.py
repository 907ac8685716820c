"""Addresses of Azure: login hosts, storage endpoints and the hosts of gateways, checked before anything is sent there.

Promises: what would carry a credential without encryption is refused, but for this machine's own emulators.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import override
from urllib.parse import SplitResult, urlsplit

from collector.policy.kinds import SecretText, Text
from collector.policy.problems import RefusedError

REGION = "{region}"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class HttpsUrl(Text):
    """The address of a host, with https:// and nothing behind the host. `noun` and `example` are for people."""

    noun: str = "a login host"
    example: str = "https://login.microsoftonline.us"

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip().rstrip("/")
        url = _split(text)
        if not _is_https(url) or url.path:
            raise RefusedError(f"{{shown}} is not {self.noun}", f"Write https:// and the host, such as {self.example}.")
        return text

    @override
    def describe(self) -> str:
        return "address with https://"


@dataclass(frozen=True)
class RegionalUrl(Text):
    """The address of a service that each region has for itself; ``{region}`` in it stands for the region."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip().rstrip("/")
        if not _is_https(_split(text.replace(REGION, "region"))):
            hint = f"Write https:// and the host, such as https://{REGION}.metrics.monitor.azure.us."
            raise RefusedError("{shown} is not the address of a service of Azure Monitor", hint)
        return text

    @override
    def describe(self) -> str:
        return "address with https://, with `{region}` in it"


def _is_https(url: SplitResult) -> bool:
    return url.scheme == "https" and bool(url.hostname) and not url.query and url.username is None


@dataclass(frozen=True)
class BlobUrl(Text):
    """The address of a Blob service; Azurite and its like have the account in the path."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip().rstrip("/")
        url = _split(text)
        if url.query:
            raise RefusedError("has a query", "Write the address alone, and a SAS in storage_account_sas_token.")
        if url.scheme not in {"https", "http"} or not url.hostname or url.username is not None:
            raise RefusedError(
                "{shown} is not the address of a Blob service",
                "Write https:// and the host, such as https://NAME.blob.core.windows.net.",
            )
        if url.scheme == "http" and url.hostname not in _THIS_MACHINE:
            raise RefusedError("{shown} is not encrypted", "Write https://; http:// is for emulators on this machine.")
        return text

    @override
    def describe(self) -> str:
        return "address with https://; http:// for an emulator on this machine"


@dataclass(frozen=True)
class BareHost(Text):
    """A host with or without a port."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip().removeprefix("sb://").rstrip("/")
        url = _split(f"sb://{text}")
        bare = url.hostname and not url.path and not url.query and url.username is None
        if not bare or not re.fullmatch(r"[A-Za-z0-9._:\[\]-]+", text):
            raise RefusedError("{shown} is not a host", "Write host or host:port, such as gateway.example.org:443.")
        return text

    @override
    def describe(self) -> str:
        return "`host` or `host:port`"


@dataclass(frozen=True)
class SasToken(SecretText):
    """A shared access signature of Storage: the query that the portal shows, with or without its question mark."""

    @override
    def check_form(self, value: str) -> str:
        token = value.strip().removeprefix("?")
        names = {part.partition("=")[0] for part in token.split("&")}
        if "://" in token or "sig" not in names:
            raise RefusedError(
                "is not a shared access signature", "Write what stands behind the ? of its address, from sv= to sig=."
            )
        return token


@dataclass(frozen=True)
class AbsolutePath(Text):
    """A file by its path from / on; it need not be there yet."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value)
        if not PurePath(text).is_absolute():
            raise RefusedError("is not an absolute path", "Write the path from / on.")
        return text

    @override
    def describe(self) -> str:
        return "absolute path of a file"


def _split(text: str) -> SplitResult:
    """Return the parts of an address; those of an empty one when it cannot be read."""
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - reading the port is what checks it
    except ValueError:
        return urlsplit("")
    return url
