"""Which keys of a stream go together: the logins, the way to Azure, the storage account, and what follows from them.

Promises: looks at which keys are given, so it can tell what is missing even where other values are wrong.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast

from collector.policy.clouds import CLOUDS, PUBLIC, Cloud, find_cloud
from collector.policy.connection_string import EventHubConnectionString
from collector.policy.naming import CONTAINER, MAXIMUM_CONTAINER, derive_container
from collector.policy.problems import RefusedError, join_words
from collector.policy.section import Contradiction

_APPLICATION = ("eventhub_namespace", "tenant_id", "client_id")
# Login -> the keys it needs.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "connection_string": ("connection_string",),
    "client_secret": (*_APPLICATION, "client_secret"),
    "client_certificate": (*_APPLICATION, "client_certificate"),
    "managed_identity": ("eventhub_namespace",),
    "workload_identity": ("eventhub_namespace",),
    "default_credential": ("eventhub_namespace",),
}
# Login -> the keys it may have besides.
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "client_certificate": ("client_certificate_password",),
    "managed_identity": ("managed_identity_client_id",),
    "workload_identity": ("tenant_id", "client_id", "workload_identity_token_file"),
    "default_credential": ("managed_identity_client_id",),
}
# A key that only one login has -> that login.
_TELLING = {
    "client_secret": "client_secret",
    "client_certificate": "client_certificate",
    "client_certificate_password": "client_certificate",
    "managed_identity_client_id": "managed_identity",
    "workload_identity_token_file": "workload_identity",
}
_LOGIN_KEYS = tuple(dict.fromkeys((*_APPLICATION, *_TELLING, "connection_string")))

_STORAGE_KEYS = ("storage_account", "storage_account_connection_string", "storage_account_endpoint")
_STORAGE_LOGINS = ("storage_account_connection_string", "storage_account_key", "storage_account_sas_token")


def complete_stream(given: Mapping[str, object], input_id: str) -> dict[str, object]:
    """Return the keys of a stream with those added that follow from others.

    These are id, checkpoint_store, storage_account_container, and what follows from the cloud: authority_host,
    storage_account_endpoint, and the ending of eventhub_namespace.
    """
    stream = dict(given)
    data_stream = stream.get("data_stream")
    dataset = cast("Mapping[str, object]", data_stream).get("dataset") if isinstance(data_stream, Mapping) else None
    stream.setdefault("id", f"{input_id}-{dataset if isinstance(dataset, str) else 'aoai.logs'}")
    _complete_endpoints(stream)
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


def _complete_endpoints(stream: dict[str, object]) -> None:
    cloud = _choose_cloud(stream)
    if cloud is None:
        return
    stream["cloud"] = cloud.name
    stream.setdefault("authority_host", cloud.authority_host)
    namespace, account = stream.get("eventhub_namespace"), stream.get("storage_account")
    if isinstance(namespace, str) and re.fullmatch(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?", namespace):
        stream["eventhub_namespace"] = f"{namespace}.{cloud.event_hubs_suffix}"
    if isinstance(account, str) and "storage_account_connection_string" not in stream:
        stream.setdefault("storage_account_endpoint", f"https://{account}.{cloud.blob_suffix}")


def _choose_cloud(stream: Mapping[str, object]) -> Cloud | None:
    """Return the cloud that is named, else the one that a host belongs to, else the public one; None for no cloud."""
    if "cloud" in stream:
        return CLOUDS.get(str(stream["cloud"]))
    return next(_find_clouds(stream), PUBLIC)


def _find_clouds(stream: Mapping[str, object]) -> Iterator[Cloud]:
    """Yield the clouds that hosts in the keys belong to; the login host tells most."""
    hosts = [str(stream[key]) for key in ("authority_host", "eventhub_namespace") if key in stream]
    with suppress(KeyError, RefusedError):  # none, or one that is refused elsewhere
        hosts.append(EventHubConnectionString.parse(str(stream["connection_string"])).host)
    for host in hosts:
        cloud = find_cloud(host)
        if cloud is not None:
            yield cloud


def find_login_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield keys of a login that are missing, and keys of a login that is not chosen."""
    kind = str(given.get("auth_type", "connection_string"))
    if kind not in _NEEDED:
        return
    needed, allowed = _NEEDED[kind], _ALLOWED.get(kind, ())
    stray = [key for key in _LOGIN_KEYS if key in given and key not in needed and key not in allowed]
    if kind == "connection_string" and not ("auth_type" in given or "connection_string" in given) and stray:
        login = next((_TELLING[key] for key in stray if key in _TELLING), "client_secret")
        what = f"is missing, and {stray[0]} is a key of the login {login}"
        yield Contradiction(("auth_type",), what, f"Write auth_type: {login}.")
        return
    for key in needed:
        if key not in given and key == "connection_string":
            hint = "Write the connection string of the namespace or the hub, as a variable."
            yield Contradiction((key,), "is missing", hint)
        elif key not in given:
            yield Contradiction((key,), f"is missing, and auth_type {kind} needs it", f"Write {key}.")
    for key in stray:
        yield _refuse_stray(key, kind)


def _refuse_stray(key: str, kind: str) -> Contradiction:
    what = f"is given, but auth_type is {kind}"
    if key == "connection_string":
        return Contradiction((key,), what, "Remove one of the two logins.")
    logins = [_TELLING[key]] if key in _TELLING else [name for name, keys in _NEEDED.items() if key in keys]
    return Contradiction((key,), what, f"Write auth_type: {join_words(logins)}, or remove it.")


def find_route_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield ways to Azure that lead nowhere: a proxy without WebSocket."""
    if "proxy_url" in given and given.get("transport", "amqp") == "amqp":
        yield Contradiction(
            ("proxy_url",),
            "is given, but transport is amqp, which no HTTP proxy carries",
            "Write transport: websocket, which goes over port 443.",
        )


def find_foreign_hosts(cloud: str, hosts: Mapping[str, str | None]) -> Iterator[Contradiction]:
    """Yield the keys whose host belongs to another cloud than the stream's."""
    for key, host in hosts.items():
        other = find_cloud(host) if host else None
        if other is not None and other.name != cloud:
            what = f"is of the cloud {other.name}, but the stream's cloud is {cloud}"
            yield Contradiction((key,), what, "Write hosts of one cloud, and its name as cloud.")


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
    yield from _find_storage_login_problems(given)


def _find_storage_login_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
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
    elif not logins and given.get("auth_type", "connection_string") == "connection_string":
        for key in ("storage_account", "storage_account_endpoint"):
            if key in given:
                hint = (
                    "Write storage_account_key or storage_account_sas_token as a variable, or another auth_type, whose "
                    "login at Entra ID opens storage too."
                )
                yield Contradiction((key,), "is given without a login", hint)
                return
