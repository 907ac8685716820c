"""Which keys each login needs and may have, and which cloud it is in, for every kind of stream that logs in at Azure.

Promises: looks at which keys are given, so it can tell what is missing even where other values are wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from collector.policy.clouds import CLOUDS, PUBLIC, Cloud, find_cloud
from collector.policy.problems import join_words
from collector.policy.section import Contradiction

_APPLICATION = ("tenant_id", "client_id")
# Login at Entra ID -> the keys it needs.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "client_secret": (*_APPLICATION, "client_secret"),
    "client_certificate": (*_APPLICATION, "client_certificate"),
    "managed_identity": (),
    "workload_identity": (),
    "default_credential": (),
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


@dataclass(frozen=True, slots=True)
class LoginRules:
    """The logins of one kind of stream: the keys that each needs, and the login that a stream has without a word."""

    default: str
    needed: Mapping[str, tuple[str, ...]]

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that is of a login."""
        own = (key for keys in self.needed.values() for key in keys if key != "connection_string")
        return (*dict.fromkeys((*own, *_TELLING)), *(("connection_string",) if self._has_connection_string else ()))

    @property
    def _has_connection_string(self) -> bool:
        return "connection_string" in self.needed


EVENT_HUB_LOGINS = LoginRules(
    "connection_string",
    {"connection_string": ("connection_string",)}
    | {login: ("eventhub_namespace", *keys) for login, keys in _NEEDED.items()},
)
AZURE_MONITOR_LOGINS = LoginRules("client_secret", _NEEDED)


def find_login_problems(given: Mapping[str, object], rules: LoginRules) -> Iterator[Contradiction]:
    """Yield keys of a login that are missing, and keys of a login that is not chosen."""
    kind = str(given.get("auth_type", rules.default))
    if kind not in rules.needed:
        return
    needed, allowed = rules.needed[kind], _ALLOWED.get(kind, ())
    stray = [key for key in rules.keys if key in given and key not in needed and key not in allowed]
    if kind == rules.default and not ("auth_type" in given or rules.default in given) and stray:
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
        yield _refuse_stray(key, kind, rules)


def _refuse_stray(key: str, kind: str, rules: LoginRules) -> Contradiction:
    what = f"is given, but auth_type is {kind}"
    if key == "connection_string":
        return Contradiction((key,), what, "Remove one of the two logins.")
    logins = [_TELLING[key]] if key in _TELLING else [name for name, keys in rules.needed.items() if key in keys]
    return Contradiction((key,), what, f"Write auth_type: {join_words(logins)}, or remove it.")


def choose_cloud(stream: Mapping[str, object], hosts: Iterable[str]) -> Cloud | None:
    """Return the cloud that is named, else the one that a host belongs to, else the public one; None for no cloud."""
    if "cloud" in stream:
        return CLOUDS.get(str(stream["cloud"]))
    found = (find_cloud(host) for host in hosts)
    return next((cloud for cloud in found if cloud is not None), PUBLIC)


def find_foreign_hosts(cloud: str, hosts: Mapping[str, str | None]) -> Iterator[Contradiction]:
    """Yield the keys whose host belongs to another cloud than the stream's."""
    for key, host in hosts.items():
        other = find_cloud(host) if host else None
        if other is not None and other.name != cloud:
            what = f"is of the cloud {other.name}, but the stream's cloud is {cloud}"
            yield Contradiction((key,), what, "Write hosts of one cloud, and its name as cloud.")
