"""Who may do what: tokens, their audiences, and Monitoring Reader at a scope."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from collector.emulators.azure_monitor.errors import (
    expired_token,
    forbidden,
    invalid_token,
    missing_token,
    no_batch_role,
    wrong_audience,
)

MANAGEMENT_AUDIENCES: Final = ("https://management.core.windows.net", "https://management.azure.com")
METRICS_AUDIENCES: Final = ("https://metrics.monitor.azure.com",)


class Token(Protocol):
    """What the login host knows of a token."""

    @property
    def client_id(self) -> str:
        """Whom it was given to."""
        ...

    @property
    def resource(self) -> str:
        """What it is good for."""
        ...

    @property
    def expires_at(self) -> float:
        """Until when, in seconds since 1970."""
        ...


type Tokens = Callable[[str], Token | None]
"""Resolves a token, also one that is too old; `EntraEmulator.look_up` does."""


@dataclass(frozen=True, slots=True)
class _Grant:
    scope: str
    since: datetime


class Roles:
    """Assignments of the role Monitoring Reader."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """`clock` tells the time."""
        self.spreading = timedelta(0)
        """How long after a grant the data plane does not know it yet; at Azure 5 to 30 minutes."""
        self._clock = clock
        self._grants: dict[str, list[_Grant]] = {}

    def grant(self, client_id: str, scope: str) -> None:
        """Give an application the role at a scope: a subscription, a resource group or a resource, by its id."""
        self._grants.setdefault(client_id, []).append(_Grant(scope.rstrip("/").lower(), self._clock()))

    def revoke(self, client_id: str) -> None:
        """Take all roles of an application away."""
        self._grants.pop(client_id, None)

    def can_read(self, client_id: str, resource_id: str) -> bool:
        """Tell whether some grant is at the resource or above it."""
        return any(_is_within(resource_id, grant.scope) for grant in self._grants.get(client_id, ()))

    def can_see_some(self, client_id: str, scope: str) -> bool:
        """Tell whether some grant is at the scope, above it or below it: a list shows what is readable of it."""
        grants = self._grants.get(client_id, ())
        return any(_is_within(scope, grant.scope) or _is_within(grant.scope, scope) for grant in grants)

    def can_read_batches(self, client_id: str, subscription: str) -> bool:
        """Tell whether a grant at the subscription itself has reached the data plane."""
        scope = f"/subscriptions/{subscription}".lower()
        reached = self._clock() - self.spreading
        return any(grant.scope == scope and grant.since <= reached for grant in self._grants.get(client_id, ()))


class Access:
    """Checks requests."""

    def __init__(self, tokens: Tokens, roles: Roles, tenant: str, clock: Callable[[], datetime]) -> None:
        """`tokens` resolves tokens; `tenant` is named in challenges."""
        self._tokens = tokens
        self._roles = roles
        self._tenant = tenant
        self._clock = clock

    def identify(self, header: str | None, audiences: Sequence[str]) -> str:
        """Return the id of the application that the header `Authorization` shows a good token of.

        Raises:
            RequestRefusedError: there is no token, or it is unknown, too old or for something else.
        """
        if not header:
            raise missing_token(self._tenant)
        scheme, _, text = header.partition(" ")
        token = self._tokens(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise invalid_token(self._tenant)
        now = self._clock()
        expiry = datetime.fromtimestamp(token.expires_at, UTC)
        if expiry <= now:
            raise expired_token(self._tenant, expiry, now)
        if token.resource.rstrip("/") not in audiences:
            raise wrong_audience(self._tenant, token.resource, audiences)
        return token.client_id

    def require_read(self, client_id: str, action: str, resource_id: str) -> None:
        """Let a read of one resource pass.

        Raises:
            RequestRefusedError: no role allows it.
        """
        if not self._roles.can_read(client_id, resource_id):
            raise forbidden(client_id, action, resource_id)

    def require_list(self, client_id: str, action: str, scope: str) -> Callable[[str], bool]:
        """Let a list over a scope pass; return which resource ids may be in it.

        Raises:
            RequestRefusedError: the application may read nothing there.
        """
        if not self._roles.can_see_some(client_id, scope):
            raise forbidden(client_id, action, scope)
        return lambda resource_id: self._roles.can_read(client_id, resource_id)

    def sees_subscription(self, client_id: str, subscription: str) -> bool:
        """Tell whether a subscription is in the application's list of subscriptions."""
        return self._roles.can_see_some(client_id, f"/subscriptions/{subscription}")

    def require_batch(self, client_id: str, subscription: str) -> None:
        """Let a batch on a subscription pass.

        Raises:
            RequestRefusedError: no role on the subscription itself, or it has not spread yet.
        """
        if not self._roles.can_read_batches(client_id, subscription):
            raise no_batch_role(client_id, subscription)


def _is_within(resource_id: str, scope: str) -> bool:
    return f"{resource_id.lower()}/".startswith(f"{scope}/".lower())
