"""Which keys of a storage account go together, and what follows from them.

Promises: looks at which keys are given, so it can tell what is missing even where other values are wrong.
"""

from collections.abc import Iterator, Mapping

from collector.policy.clouds import Cloud
from collector.policy.section import Contradiction

_STORAGE_KEYS = ("storage_account", "storage_account_connection_string", "storage_account_endpoint")
_STORAGE_LOGINS = ("storage_account_connection_string", "storage_account_key", "storage_account_sas_token")


def choose_store(stream: Mapping[str, object]) -> str:
    """Return where positions are kept unless the stream says so: blob when a storage account is given."""
    return "blob" if _has_account(stream) else "sqlite"


def _has_account(given: Mapping[str, object]) -> bool:
    return any(key in given for key in _STORAGE_KEYS)


def complete_storage(stream: dict[str, object], cloud: Cloud) -> None:
    """Add the endpoint of the storage account, which follows from its name and the cloud."""
    account = stream.get("storage_account")
    if isinstance(account, str) and "storage_account_connection_string" not in stream:
        stream.setdefault("storage_account_endpoint", f"https://{account}.{cloud.blob_suffix}")


def find_storage_problems(given: Mapping[str, object], *, default_login: str) -> Iterator[Contradiction]:
    """Yield what is wrong with the keys of the storage account; a connection string of a hub opens no storage."""
    if given.get("checkpoint_store") == "blob" and not _has_account(given):
        yield Contradiction(
            ("checkpoint_store",),
            "is blob, but no storage account is given",
            "Write storage_account and storage_account_key.",
        )
    yield from _find_storage_login_problems(given, given.get("auth_type", default_login))


def _find_storage_login_problems(given: Mapping[str, object], login: object) -> Iterator[Contradiction]:
    logins = [key for key in _STORAGE_LOGINS if key in given]
    if len(logins) > 1:
        yield Contradiction((logins[1],), f"is given together with {logins[0]}", "Leave one of the two.")
    elif "storage_account_connection_string" in logins and "storage_account_endpoint" in given:
        yield Contradiction(
            ("storage_account_endpoint",),
            "is given together with storage_account_connection_string",
            "Write it as BlobEndpoint into the connection string.",
        )
    elif "storage_account_key" in logins and "storage_account" not in given:
        yield Contradiction(("storage_account_key",), "is given without storage_account", "Write storage_account too.")
    elif "storage_account_sas_token" in logins and "storage_account_endpoint" not in given:
        yield Contradiction(
            ("storage_account_sas_token",), "is given without storage_account", "Write storage_account too."
        )
    elif not logins and login == "connection_string":
        for key in ("storage_account", "storage_account_endpoint"):
            if key in given:
                hint = (
                    "Write storage_account_key or storage_account_sas_token as a variable, or another auth_type, whose "
                    "login at Entra ID opens storage too."
                )
                yield Contradiction((key,), "is given without a login", hint)
                return
