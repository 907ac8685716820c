"""What a route is: its path, who may call it, what it takes, and what it answers."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from collector.emulators.kibana.access import User
from collector.emulators.kibana.schema import Check, record

PUBLIC_VERSION: Final = "2023-10-31"
INTERNAL_VERSION: Final = "1"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that has come as far as its route.

    Attributes:
        user: who asks.
        space: in which space.
        parts: the parts of the path that have names.
        query: the checked parameters.
        body: the checked body; bytes when it is no JSON.
        media_type: of the body, with its parameters.
    """

    user: User
    space: str
    parts: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back; a body of bytes is sent as it is, and None is none."""

    body: object = None
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


NOTHING: Final = Answer(status=HTTPStatus.NO_CONTENT)


def no_parameters() -> Check:
    """Take an empty query."""
    return record({})


@dataclass(frozen=True, slots=True)
class Route:
    """A route.

    Attributes:
        method: its HTTP method.
        path: its path below the space, with `{name}` for parts and `{name?}` for a last part that may be missing.
        answer: does what it is for; raises `RefusedError`.
        privileges: pairs of feature and level that the caller needs, all of them.
        query: what parameters it takes; none unless given.
        body: what JSON it takes; None for routes that take none, and for those that read bytes.
        media_types: what bodies may be; JSON unless given.
        versioned: whether it takes and repeats `elastic-api-version`.
        anonymous: whether it answers without a login, too.
    """

    method: str
    path: str
    answer: Callable[[Ask], Answer]
    privileges: tuple[tuple[str, str], ...] = ()
    query: Check = field(default_factory=no_parameters)
    body: Check | None = None
    media_types: tuple[str, ...] = (JSON,)
    versioned: bool = False
    anonymous: bool = False

    @property
    def internal(self) -> bool:
        """Whether it is for Kibana's own pages."""
        return self.path.startswith("/internal/")

    @property
    def version(self) -> str:
        """The only version there is of it."""
        return INTERNAL_VERSION if self.internal else PUBLIC_VERSION

    @property
    def takes_bytes(self) -> bool:
        """Whether it reads its body itself."""
        return self.media_types != (JSON,)

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """Return the named parts of a path that leads here; None when it does not."""
        found = re.fullmatch(_translate(self.path), path) if method == self.method else None
        return None if found is None else {name: part for name, part in found.groupdict().items() if part is not None}


def find_route(routes: Iterable[Route], method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
    """Return what a method and a path lead to; None when nothing is there."""
    for route in routes:
        parts = route.match(method, path)
        if parts is not None:
            return route, parts
    return None


def _translate(path: str) -> str:
    escaped = re.sub(r"/\{(\w+)\?\}$", r"(?:/(?P<\1>[^/]+))?", path)
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", escaped)
