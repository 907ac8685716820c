"""Refusals with Kibana's statuses and bodies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass
class RefusedError(Exception):
    """A request is refused.

    Attributes:
        status: the HTTP status.
        message: the sentence for people.
        attributes: what some refusals add for programs.
        headers: further headers of the answer.
    """

    status: int
    message: str
    attributes: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def render(self) -> dict[str, object]:
        """Return the body of the answer."""
        body: dict[str, object] = {
            "statusCode": int(self.status),
            "error": HTTPStatus(self.status).phrase,
            "message": self.message,
        }
        return body | ({} if self.attributes is None else {"attributes": self.attributes})


def bad_request(message: str, attributes: Mapping[str, object] | None = None) -> RefusedError:
    """The request is not of the route's form, or cannot be done."""
    return RefusedError(HTTPStatus.BAD_REQUEST, message, attributes)


def unauthorized() -> RefusedError:
    """No user, or not with these credentials."""
    return RefusedError(HTTPStatus.UNAUTHORIZED, "Unauthorized", headers={"WWW-Authenticate": 'Basic realm="kibana"'})


def forbidden(message: str) -> RefusedError:
    """A user without the privilege, or a feature above the licence."""
    return RefusedError(HTTPStatus.FORBIDDEN, message)


def forbidden_route(method: str, path: str, privileges: Sequence[str]) -> RefusedError:
    """A route whose Kibana privileges the user does not have."""
    return forbidden(
        f"API [{method} {path}] is unauthorized for user, this action is granted by the Kibana privileges "
        f"[{','.join(privileges)}]"
    )


def not_found(message: str = "Not Found") -> RefusedError:
    """No such route or object."""
    return RefusedError(HTTPStatus.NOT_FOUND, message)


def no_saved_object(kind: str, object_id: str) -> RefusedError:
    """No saved object of this type and id in the space."""
    return not_found(f"Saved object [{kind}/{object_id}] not found")


def conflict(message: str) -> RefusedError:
    """The name or id is taken."""
    return RefusedError(HTTPStatus.CONFLICT, message)


def wrong_media_type(media_type: str) -> RefusedError:
    """A body of a media type that the route does not take."""
    return RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Unsupported Media Type: {media_type or 'none'}")
