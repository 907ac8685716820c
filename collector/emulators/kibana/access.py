"""Who may do what: users with credentials, and the privileges of Kibana's features in each space."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collector.emulators.kibana.errors import unauthorized

EVERYWHERE: Final = "*"
"""In place of a space: all of them, those to come included."""

_LEVELS: Final = {"read": ("read", "all"), "all": ("all",)}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in.

    Attributes:
        name: the user's name.
        password: for Basic authentication; an API key otherwise.
        api_key: `id:key`, as it is written when it is made.
        superuser: may do everything.
        privileges: by space, `feature.level` such as `indexPatterns.all`.
    """

    name: str
    password: str | None = None
    api_key: str | None = None
    superuser: bool = False
    privileges: Mapping[str, Iterable[str]] = field(default_factory=dict[str, Iterable[str]])

    def may(self, feature: str, level: str, space: str) -> bool:
        """Whether this user has a feature at a level, `read` or `all`, in a space."""
        if self.superuser:
            return True
        granted = {*self.privileges.get(space, ()), *self.privileges.get(EVERYWHERE, ())}
        return any(f"{feature}.{each}" in granted for each in _LEVELS[level])

    def may_enter(self, space: str) -> bool:
        """Whether there is anything this user may do in a space."""
        return self.superuser or bool(self.privileges.get(space) or self.privileges.get(EVERYWHERE))


class Users:
    """All who may log in."""

    def __init__(self, users: Iterable[User]) -> None:
        """These, and nobody else."""
        self._users = tuple(users)

    def identify(self, authorization: str | None) -> User:
        """Return who a header stands for.

        Raises:
            RefusedError: there is none, or it opens nothing.
        """
        scheme, _, credentials = (authorization or "").partition(" ")
        try:
            decoded = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized() from None
        for user in self._users:
            if scheme.lower() == "apikey" and user.api_key == decoded and decoded:
                return user
            if scheme.lower() == "basic" and user.password is not None and decoded == f"{user.name}:{user.password}":
                return user
        raise unauthorized()
