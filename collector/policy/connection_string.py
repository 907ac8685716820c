"""The connection strings that Azure shows: of an Event Hubs namespace or hub, and of a storage account.

Promises: what is wrong with one is said without any part of it that could be a key. Format: the Azure SDKs' own
(``azure.core.utils.parse_connection_string``): ``Name=value`` pairs between semicolons, names without regard to case.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self, override
from urllib.parse import urlsplit

from collector.policy.kinds import SecretText
from collector.policy.naming import EVENT_HUB
from collector.policy.problems import RefusedError, suggest

AMQPS_PORT = 5671
AMQP_PORT = 5672

_EVENT_HUB_KEYS = (
    "Endpoint",
    "SharedAccessKeyName",
    "SharedAccessKey",
    "SharedAccessSignature",
    "EntityPath",
    "UseDevelopmentEmulator",
)
_STORAGE_KEYS = (
    "DefaultEndpointsProtocol",
    "AccountName",
    "AccountKey",
    "EndpointSuffix",
    "BlobEndpoint",
    "BlobSecondaryEndpoint",
    "QueueEndpoint",
    "QueueSecondaryEndpoint",
    "TableEndpoint",
    "TableSecondaryEndpoint",
    "FileEndpoint",
    "FileSecondaryEndpoint",
    "SharedAccessSignature",
    "UseDevelopmentStorage",
    "DevelopmentStorageProxyUri",
)
_EVENT_HUB_FORM = "Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=NAME;SharedAccessKey=KEY"
_STORAGE_FORM = "DefaultEndpointsProtocol=https;AccountName=NAME;AccountKey=KEY;EndpointSuffix=core.windows.net"

# The emulators' account that every Azurite knows; its key is published, so it is no secret.
_DEVELOPMENT_ACCOUNT = "devstoreaccount1"


@dataclass(frozen=True, slots=True)
class EventHubConnectionString:
    """What a connection string of Event Hubs says, but for its key.

    `port` is None when the string names none: 5671 then, or 5672 for an emulator. `hub` is its EntityPath, `key_name`
    its SharedAccessKeyName (None with a SharedAccessSignature).
    """

    host: str
    port: int | None
    hub: str | None
    key_name: str | None
    emulator: bool

    @property
    def namespace(self) -> str:
        """The host and port that the string leads to, in lower case: what tells one namespace from another."""
        port = self.port or (AMQP_PORT if self.emulator else AMQPS_PORT)
        return f"{self.host.lower()}:{port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what the connection string says, or raise `RefusedError`."""
        parts = _split(text, _EVENT_HUB_KEYS, _EVENT_HUB_FORM)
        _check_credential(parts)
        host, port = _split_endpoint(parts.get("endpoint", ""))
        hub = parts.get("entitypath")
        if hub is not None:
            _check_entity_path(hub)
        # The SDK knows the lower-case word only, and would take any other for false.
        emulator = parts.get("usedevelopmentemulator", "false")
        if emulator not in {"true", "false"}:
            raise RefusedError(
                "the connection string's UseDevelopmentEmulator is not true or false",
                "Write UseDevelopmentEmulator=true for an emulator, or leave it out.",
            )
        return cls(host, port, hub, parts.get("sharedaccesskeyname"), emulator == "true")


@dataclass(frozen=True, slots=True)
class StorageConnectionString:
    """What a connection string of a storage account says, but for its key.

    `account` is None when only an endpoint is named.
    """

    account: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what the connection string says, or raise `RefusedError`."""
        parts = _split(text, _STORAGE_KEYS, _STORAGE_FORM)
        if parts.get("usedevelopmentstorage") == "true":
            return cls(_DEVELOPMENT_ACCOUNT)
        if "accountname" not in parts and ("accountkey" in parts or "blobendpoint" not in parts):
            raise RefusedError("the connection string has no AccountName", f"Write {_STORAGE_FORM}.")
        if "accountkey" not in parts and "sharedaccesssignature" not in parts:
            raise RefusedError(
                "the connection string has neither AccountKey nor SharedAccessSignature", f"Write {_STORAGE_FORM}."
            )
        return cls(parts.get("accountname"))


@dataclass(frozen=True)
class EventHubConnectionStringText(SecretText):
    """A connection string of Event Hubs, kept as a secret."""

    @override
    def check_form(self, value: str) -> str:
        EventHubConnectionString.parse(value)
        return value.strip()


@dataclass(frozen=True)
class StorageConnectionStringText(SecretText):
    """A connection string of a storage account, kept as a secret."""

    @override
    def check_form(self, value: str) -> str:
        StorageConnectionString.parse(value)
        return value.strip()


def holds_literal_key(text: str) -> bool:
    """Tell whether the text is a connection string with a key, written out, that others must not read.

    A connection string of the development emulators is none: their keys are published or not checked.
    """
    parts = {name.strip().lower(): value for name, _, value in (part.partition("=") for part in text.split(";"))}
    if parts.get("usedevelopmentemulator", "").lower() == "true" or parts.get("accountname") == _DEVELOPMENT_ACCOUNT:
        return False
    keys = (parts.get(name, "") for name in ("sharedaccesskey", "sharedaccesssignature", "accountkey"))
    return any(key and not key.startswith("${") for key in keys)


def _split(text: str, known: Iterable[str], form: str) -> Mapping[str, str]:
    """Return the pairs of a connection string, their names in lower case."""
    names = {name.lower(): name for name in known}
    parts: dict[str, str] = {}
    for number, part in enumerate(text.strip().rstrip(";").split(";"), start=1):
        name, equals, value = part.partition("=")
        key = name.lower()
        if not equals:
            raise RefusedError(f"part {number} of the connection string has no '='", f"Write {form}.")
        if key not in names:
            raise RefusedError(
                f"part {number} of the connection string has an unknown name", f"{_guess(key, names)}Write {form}."
            )
        if key in parts:
            raise RefusedError(f"the connection string has {names[key]} twice", "Leave one of them.")
        if not value:
            raise RefusedError(f"the connection string has {names[key]} without a value", f"Write {form}.")
        parts[key] = value
    return parts


def _guess(key: str, names: Mapping[str, str]) -> str:
    """Return a did-you-mean for the name of a part; the name itself is not shown, it may be the tail of a key."""
    return suggest(key, names.values()) if re.fullmatch(r"[a-z ]+", key) else ""


def _check_credential(parts: Mapping[str, str]) -> None:
    if "sharedaccesssignature" in parts and "sharedaccesskey" in parts:
        raise RefusedError(
            "the connection string has both SharedAccessKey and SharedAccessSignature", "Leave one of them."
        )
    if parts.get("sharedaccesssignature"):
        return
    for key, name in (("sharedaccesskeyname", "SharedAccessKeyName"), ("sharedaccesskey", "SharedAccessKey")):
        if not parts.get(key):
            raise RefusedError(f"the connection string has no {name}", f"Write {_EVENT_HUB_FORM}.")


def _split_endpoint(endpoint: str) -> tuple[str, int | None]:
    """Return host and port of an ``sb://host[:port]/`` endpoint."""
    hint = "Write Endpoint=sb://NAMESPACE.servicebus.windows.net/."
    try:
        url = urlsplit(endpoint)
        host, port = url.hostname, url.port
    except ValueError:
        raise RefusedError("the connection string's Endpoint is no address", hint) from None
    if url.scheme not in {"sb", "amqps", "amqp"} or not host or url.username is not None:
        raise RefusedError("the connection string's Endpoint does not start with sb:// and a host", hint)
    return host, port


def _check_entity_path(hub: str) -> None:
    try:
        EVENT_HUB.check(hub)
    except RefusedError:
        raise RefusedError(
            "the connection string's EntityPath cannot be the name of an event hub",
            f"Write {EVENT_HUB.rule}, or leave EntityPath out.",
        ) from None
