"""Who may do what on a connection, and the journal of what clients did.

Without an `authorize` function every token is taken and none is needed. With one, a client must put a token that it
accepts before it attaches a link, and the token's audience must cover the link's address, as at the service. A refused
token is answered with status 401, a link without a token is ended with `amqp:unauthorized-access`.

Source: AMQP claims-based security 1.0; the wording is the service's own, as clients report it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from collector.emulators.event_hubs.errors import Condition, LinkError

INVALID_TOKEN = "InvalidSignature: The token has an invalid signature."  # noqa: S105  # an answer, no secret

type Authorize = Callable[[str, str, str], bool]
"""Given the audience, the token type and the token: whether the token is good. It may raise `TokenRefusedError`."""


class TokenRefusedError(Exception):
    """A token is not accepted; the text tells the client why."""


class OperationKind(StrEnum):
    """What a client can do here. `SEND` needs the right to send at the service, all others the right to listen."""

    PUT_TOKEN = "put-token"  # noqa: S105  # the name of an operation
    RECEIVE = "receive"
    SEND = "send"
    READ_HUB = "read-hub"
    READ_PARTITION = "read-partition"
    OTHER_REQUEST = "other-request"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a client did or tried.

    Attributes:
        kind: what it is.
        address: of the link for `RECEIVE` and `SEND`, the audience for `PUT_TOKEN`, else the hub's name.
        allowed: whether the client was let.
        token_type: for `PUT_TOKEN`, such as `jwt`.
    """

    kind: OperationKind
    address: str
    allowed: bool = True
    token_type: str = ""


class Access:
    """What one connection may do, from the tokens it has put."""

    def __init__(self, authorize: Authorize | None, journal: deque[Operation]) -> None:
        self._authorize = authorize
        self._journal = journal
        self._audiences: set[str] = set()

    def put_token(self, audience: str, token_type: str, token: str) -> None:
        """Take in a token.

        Raises:
            TokenRefusedError: when it is not accepted.
        """
        try:
            self._check(audience, token_type, token)
        except TokenRefusedError:
            self._note(OperationKind.PUT_TOKEN, audience, token_type=token_type, allowed=False)
            raise
        self._audiences.add(path_of(audience))
        self._note(OperationKind.PUT_TOKEN, audience, token_type=token_type)

    def attach(self, kind: OperationKind, address: str) -> None:
        """Let a link to a hub begin.

        Raises:
            LinkError: when no token covers its address.
        """
        path = path_of(address)
        allowed = self._authorize is None or any(covers(audience, path) for audience in self._audiences)
        self._note(kind, address, allowed=allowed)
        if not allowed:
            claim = "Send" if kind is OperationKind.SEND else "Listen"
            raise _unauthorized(claim, f"sb://localhost{path}")

    def attach_management(self) -> None:
        """Let a link to `$management` begin.

        Raises:
            LinkError: when no token was put at all.
        """
        if self._authorize is not None and not self._audiences:
            raise _unauthorized("Listen", "sb://localhost/$management")

    def note_request(self, kind: OperationKind, hub: str) -> None:
        """Write a management request in the journal."""
        self._note(kind, hub)

    def _check(self, audience: str, token_type: str, token: str) -> None:
        if self._authorize is not None and not self._authorize(audience, token_type, token):
            raise TokenRefusedError(INVALID_TOKEN)

    def _note(self, kind: OperationKind, address: str, *, allowed: bool = True, token_type: str = "") -> None:
        self._journal.append(Operation(kind, address, allowed, token_type))


def path_of(resource: str) -> str:
    """Return the path of an audience or address, in lower case, with a slash in front and none behind."""
    path = urlsplit(resource).path if "://" in resource else resource
    return f"/{unquote(path).strip('/')}".lower()


def covers(audience: str, path: str) -> bool:
    """Return whether an audience's path is this path or lies above it."""
    return path == audience or path.startswith(audience.rstrip("/") + "/")


def _unauthorized(claim: str, resource: str) -> LinkError:
    return LinkError(
        Condition.UNAUTHORIZED_ACCESS,
        f"Unauthorized access. '{claim}' claim(s) are required to perform this operation. Resource: '{resource}'.",
    )
