"""What each answer of ``_bulk`` means: every status is in exactly one class (decision 5 of the design)."""

from enum import Enum, auto
from http import HTTPStatus
from typing import Final

import msgspec


class ItemOutcome(Enum):
    """What became of one item."""

    INDEXED = auto()
    ALREADY_THERE = auto()
    """409: the id is taken, by this same record in an earlier delivery."""
    DROPPED = auto()
    """200 ``noop``: a pipeline dropped it on purpose."""
    DIVERTED = auto()
    """Elasticsearch put it into the failure store: it is kept there, but not indexed."""
    AGAIN = auto()
    SERVER_ERROR = auto()
    """500: again, but not without end, since a document can be what breaks the server."""
    REFUSED = auto()
    """It will never be accepted: a dead letter."""
    BLOCKED = auto()
    """The stream or the right to write is missing: again, and loudly, until someone mends it."""


class RequestOutcome(Enum):
    """What became of a whole bulk request."""

    ANSWERED = auto()
    AGAIN = auto()
    BISECT = auto()
    """Something in the body is unacceptable: halve it to find out what."""
    BLOCKED = auto()
    SERVER_ERROR = auto()
    """500: again, but when others get through meanwhile, a document in the body is what breaks the server."""


_ITEM_OUTCOMES: Final[dict[int, ItemOutcome]] = {
    HTTPStatus.OK: ItemOutcome.DROPPED,
    HTTPStatus.CREATED: ItemOutcome.INDEXED,
    HTTPStatus.UNAUTHORIZED: ItemOutcome.BLOCKED,
    HTTPStatus.FORBIDDEN: ItemOutcome.BLOCKED,
    HTTPStatus.NOT_FOUND: ItemOutcome.BLOCKED,
    HTTPStatus.REQUEST_TIMEOUT: ItemOutcome.AGAIN,
    HTTPStatus.CONFLICT: ItemOutcome.ALREADY_THERE,
    HTTPStatus.TOO_MANY_REQUESTS: ItemOutcome.AGAIN,
    HTTPStatus.INTERNAL_SERVER_ERROR: ItemOutcome.SERVER_ERROR,
}
_REQUEST_OUTCOMES: Final[dict[int, RequestOutcome]] = {
    HTTPStatus.OK: RequestOutcome.ANSWERED,
    HTTPStatus.BAD_REQUEST: RequestOutcome.BISECT,
    HTTPStatus.REQUEST_TIMEOUT: RequestOutcome.AGAIN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: RequestOutcome.BISECT,
    HTTPStatus.TOO_MANY_REQUESTS: RequestOutcome.AGAIN,
    HTTPStatus.INTERNAL_SERVER_ERROR: RequestOutcome.SERVER_ERROR,
}
_FAILURE_STORE_USED: Final = "used"


def classify_item(status: int, failure_store: str | None = None) -> ItemOutcome:
    """Return the one class of an item's answer."""
    if failure_store == _FAILURE_STORE_USED:
        return ItemOutcome.DIVERTED
    known = _ITEM_OUTCOMES.get(status)
    if known is not None:
        return known
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ItemOutcome.REFUSED
    return ItemOutcome.AGAIN


def classify_request(status: int) -> RequestOutcome:
    """Return the one class of a whole request's answer.

    What no bulk endpoint answers (a redirect, say) comes from something else at that address: blocked, until mended.
    """
    known = _REQUEST_OUTCOMES.get(status)
    if known is not None:
        return known
    return RequestOutcome.AGAIN if status >= HTTPStatus.INTERNAL_SERVER_ERROR else RequestOutcome.BLOCKED


class ItemError(msgspec.Struct, gc=False):
    """Why an item was not indexed."""

    type: str = "unknown"
    reason: str | None = None


class ItemAnswer(msgspec.Struct, gc=False):
    """The answer for one item, as far as ``FILTER_PATH`` asks for it."""

    status: int
    error: ItemError | None = None
    failure_store: str | None = None


class _CreateAnswer(msgspec.Struct, gc=False):
    create: ItemAnswer


class _BulkReply(msgspec.Struct, gc=False):
    items: list[_CreateAnswer]


FILTER_PATH: Final = "items.*.status,items.*.error.type,items.*.error.reason,items.*.failure_store"
"""All that is read of a bulk reply; ``errors`` alone would hide a document that went to the failure store."""

_REPLY: Final = msgspec.json.Decoder(_BulkReply)
_CREATED: Final = b'{"create":{"status":201}}'


class GarbledReplyError(ValueError):
    """The body of an answer is not a bulk reply for this request; nobody knows what was indexed."""


def all_created(body: bytes, expected: int) -> bool:
    """Tell whether an answer says of ``expected`` items that each was indexed, in the words of Elasticsearch.

    Nearly every answer does, and comparing bytes takes a tenth of reading them. False says nothing: read the answer.
    """
    return body == b'{"items":[' + b",".join([_CREATED] * expected) + b"]}"


def read_reply(body: bytes, expected: int) -> list[ItemAnswer]:
    """Return the answers for the ``expected`` items of a request, in its order.

    Raises:
        GarbledReplyError: the body is something else.
    """
    try:
        answers = [item.create for item in _REPLY.decode(body).items]
    except (ValueError, RecursionError) as error:  # a DecodeError is a ValueError, and so is a byte that is not UTF-8
        raise GarbledReplyError(str(error)) from error
    if len(answers) != expected:
        raise GarbledReplyError(f"{len(answers)} answers for {expected} items")
    return answers
