"""What goes wrong between two AMQP peers, and how far the damage reaches.

    AmqpError
    ├── PeerError      ends the connection with a CLOSE
    ├── SessionError   ends the session with an END
    └── LinkError      ends the link with a DETACH

Conditions: OASIS AMQP 1.0, part 2, section 2.8; those that begin with `com.microsoft:` are the service's own.
"""

from enum import StrEnum


class Condition(StrEnum):
    """The error conditions the emulator tells its peers."""

    DECODE_ERROR = "amqp:decode-error"
    FRAMING_ERROR = "amqp:connection:framing-error"
    CONNECTION_FORCED = "amqp:connection:forced"
    ILLEGAL_STATE = "amqp:illegal-state"
    INTERNAL_ERROR = "amqp:internal-error"
    INVALID_FIELD = "amqp:invalid-field"
    LINK_STOLEN = "amqp:link:stolen"
    MESSAGE_TOO_LARGE = "amqp:link:message-size-exceeded"
    NOT_ALLOWED = "amqp:not-allowed"
    NOT_FOUND = "amqp:not-found"
    NOT_IMPLEMENTED = "amqp:not-implemented"
    RESOURCE_LIMIT_EXCEEDED = "amqp:resource-limit-exceeded"
    UNAUTHORIZED_ACCESS = "amqp:unauthorized-access"
    HANDLE_IN_USE = "amqp:session:handle-in-use"
    UNATTACHED_HANDLE = "amqp:session:unattached-handle"
    ARGUMENT_ERROR = "com.microsoft:argument-error"


class AmqpError(Exception):
    """A condition and its description, as they go to the peer."""

    def __init__(self, condition: Condition, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description


class PeerError(AmqpError):
    """The peer broke the rules of the connection."""


class SessionError(AmqpError):
    """The peer broke the rules of a session."""


class LinkError(AmqpError):
    """A link is refused or ended."""
