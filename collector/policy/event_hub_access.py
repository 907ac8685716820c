"""Which keys of a stream go together: the two logins, the storage account, and what follows from them.

Promises: looks at which keys are given, so it can tell what is missing even where other values are wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast, override
from urllib.parse import urlsplit

from collector.policy.kinds import Text
from collector.policy.naming import CONTAINER, MAXIMUM_CONTAINER, derive_container
from collector.policy.problems import RefusedError
from collector.policy.section import Contradiction

_ENTRA_KEYS = ("eventhub_namespace", "tenant_id", "client_id", "client_secret")
_STORAGE_KEYS = ("storage_account", "storage_account_connection_string")


@dataclass(frozen=True)
class HttpsUrl(Text):
    """The address of a login host, with https:// and nothing behind the host."""

    @override
    def check(self, value: object) -> str:
        text = super().check(value).strip().rstrip("/")
        try:
            url = urlsplit(text)
            url.port  # noqa: B018 - reading the port is what checks it
        except ValueError:
            url = urlsplit("")
        if url.scheme != "https" or not url.hostname or url.path or url.query or url.username is not None:
            raise RefusedError(
                "{shown} is not a login host", "Write https:// and the host, such as https://login.microsoftonline.us."
            )
        return text

    @override
    def describe(self) -> str:
        return "address with https://"


def complete_stream(given: Mapping[str, object], input_id: str) -> dict[str, object]:
    """Return the keys of a stream with those added that follow from others.

    These are id, checkpoint_store and storage_account_container.
    """
    stream = dict(given)
    data_stream = stream.get("data_stream")
    dataset = cast("Mapping[str, object]", data_stream).get("dataset") if isinstance(data_stream, Mapping) else None
    stream.setdefault("id", f"{input_id}-{dataset if isinstance(dataset, str) else 'aoai.logs'}")
    has_account = any(key in stream for key in _STORAGE_KEYS)
    stream.setdefault("checkpoint_store", "blob" if has_account else "sqlite")
    hub = stream.get("eventhub")
    if (
        stream["checkpoint_store"] == "blob"
        and isinstance(hub, str)
        and len(derive_container(hub)) <= MAXIMUM_CONTAINER
    ):
        stream.setdefault("storage_account_container", derive_container(hub))
    return stream


def find_login_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield keys of a login that are missing, and keys of the login that is not chosen."""
    kind = given.get("auth_type", "connection_string")
    if kind == "client_secret":
        for key in _ENTRA_KEYS:
            if key not in given:
                yield Contradiction((key,), "is missing, and auth_type client_secret needs it", f"Write {key}.")
        if "connection_string" in given:
            yield Contradiction(
                ("connection_string",), "is given, but auth_type is client_secret", "Remove one of the two logins."
            )
    elif kind == "connection_string":
        stray = [key for key in _ENTRA_KEYS if key in given]
        if "connection_string" not in given and stray and "auth_type" not in given:
            what = f"is missing, and {stray[0]} is a key of the login client_secret"
            yield Contradiction(("auth_type",), what, "Write auth_type: client_secret.")
        elif "connection_string" not in given:
            hint = "Write the connection string of the namespace or the hub, as a variable."
            yield Contradiction(("connection_string",), "is missing", hint)
        elif stray:
            yield Contradiction(
                (stray[0],),
                "is given, but auth_type is connection_string",
                "Write auth_type: client_secret, or remove it.",
            )


def find_storage_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield what is wrong with the keys of the checkpoints' storage account."""
    has_account = any(key in given for key in _STORAGE_KEYS)
    if given.get("checkpoint_store") == "blob" and "eventhub" in given and "storage_account_container" not in given:
        what = f"is missing, and aoai-<eventhub> would be longer than {MAXIMUM_CONTAINER} characters"
        yield Contradiction(("storage_account_container",), what, f"Write {CONTAINER.rule}.")
    if given.get("checkpoint_store") == "blob" and not has_account:
        yield Contradiction(
            ("checkpoint_store",),
            "is blob, but no storage account is given",
            "Write storage_account and storage_account_key.",
        )
    if "storage_account_key" in given and "storage_account_connection_string" in given:
        yield Contradiction(
            ("storage_account_key",),
            "is given together with storage_account_connection_string",
            "Leave one of the two.",
        )
    elif "storage_account_key" in given and "storage_account" not in given:
        yield Contradiction(("storage_account_key",), "is given without storage_account", "Write storage_account too.")
    elif _names_account_alone(given):
        yield Contradiction(
            ("storage_account",),
            "is given without storage_account_key",
            "Write storage_account_key as a variable, or auth_type: client_secret to log in there with Entra ID.",
        )


def _names_account_alone(given: Mapping[str, object]) -> bool:
    """Tell whether a storage account is named and there is no way to log in to it."""
    keys = {"storage_account_key", "storage_account_connection_string"} & given.keys()
    return "storage_account" in given and not keys and given.get("auth_type") != "client_secret"
