"""One call, with everything that is true of it, before anything is written of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collector.demo.fleet import CHAT, PRODUCTION
from collector.scenario.findings import Finding, find_filtered, find_noted
from collector.scenario.prices import Usage, price
from collector.scenario.world import GATEWAY_IDENTITY, Caller, Place

__all__ = ["Call", "Caller", "KeyListing", "Place"]

_ERRORS: Final = 400
_SERVER_ERRORS: Final = 500
_REFUSED: Final = (401, 403)
_TOO_MANY: Final = 429
_HAS_USAGE: Final = PRODUCTION
"""Accounts of this subscription write token counts, callers and twins, as Azure does since 2026; others do not."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API.

    Attributes:
        at: when Azure OpenAI wrote its record, some seconds after the answer.
        answered: when the answer was complete.
        latency: from the request to the complete answer, at the model.
        place: the deployment that was called.
        caller: who called.
        status: the HTTP status that the caller got.
        operation: Azure's name of it.
        streamed: whether the answer was a stream.
        usage: the tokens, None when there was no answer or its price is not by tokens.
        request_bytes: size of the request.
        response_bytes: size of the answer.
        blocked: the category for which the content filter stopped the prompt, if it did.
        cut: the category for which it cut the answer, if it did.
        overhead_ms: what API Management took for itself.
        refused_at_gateway: whether API Management refused it, so that it reached no model.
        correlation_id: Azure's id of the call.
    """

    at: datetime
    answered: datetime
    latency: timedelta
    place: Place
    caller: Caller
    status: int
    operation: str
    streamed: bool
    usage: Usage | None
    request_bytes: int
    response_bytes: int
    blocked: str | None
    cut: str | None
    overhead_ms: int
    refused_at_gateway: bool
    correlation_id: str

    @property
    def through_gateway(self) -> bool:
        """Whether API Management has a record of it."""
        return bool(self.caller.team)

    @property
    def is_chat(self) -> bool:
        """Whether it has prompts that a content filter reads."""
        return self.operation == CHAT

    @property
    def screened(self) -> bool:
        """Whether the content filter looked at it: at chats that were answered, or stopped by it."""
        return self.is_chat and (not self.failed or self.blocked is not None)

    @property
    def finding(self) -> Finding | None:
        """What the content filter found in it."""
        if category := self.blocked or self.cut:
            return find_filtered(self.correlation_id, category, in_prompt=self.blocked is not None)
        return find_noted(self.correlation_id) if self.screened else None

    @property
    def failed(self) -> bool:
        """Whether the caller got an error."""
        return self.status >= _ERRORS

    @property
    def deployment(self) -> str | None:
        """The deployment that Azure OpenAI's record names; none for a caller who was refused before."""
        return None if self.status in _REFUSED else self.place.deployment.name

    @property
    def model(self) -> str | None:
        """The model that this record names, without its version."""
        return None if self.status in _REFUSED else self.place.deployment.model.name

    @property
    def model_version(self) -> str | None:
        """Model and version, as that record has them."""
        model = self.place.deployment.model
        return None if self.status in _REFUSED else f"{model.name}-{model.version}"

    @property
    def caller_id(self) -> str | None:
        """The Entra object id that this record names: API Management's own for its calls, none for a key."""
        if self.status in _REFUSED:
            return None
        return GATEWAY_IDENTITY if self.through_gateway else self.caller.object_id or None

    @property
    def team(self) -> str | None:
        """The subscription that API Management's record names; none where it knew no key."""
        refused = self.refused_at_gateway and self.status in _REFUSED
        return None if refused else self.caller.team or None

    @property
    def logged_usage(self) -> Usage | None:
        """The tokens that this record counts; it never tells how many came from a cache."""
        if self.usage is None or not self.writes_usage:
            return None
        return Usage(self.usage.input_tokens, self.usage.output_tokens)

    @property
    def writes_usage(self) -> bool:
        """Whether its account writes records as Azure does since 2026, with tokens and an empty twin."""
        return self.place.resource.subscription == _HAS_USAGE

    @property
    def duration_ns(self) -> int:
        """The latency that this record's ticks tell."""
        return self.latency // timedelta(microseconds=1) * 1000

    @property
    def gateway_ms(self) -> int:
        """The duration that API Management's record tells, in whole milliseconds."""
        return self.overhead_ms + (0 if self.refused_at_gateway else self.latency // timedelta(milliseconds=1))

    @property
    def failure_class(self) -> str | None:
        """What kind of failure its status is, for a reader who knows nothing but the status; None for a success."""
        if not self.failed:
            return None
        if self.status >= _SERVER_ERRORS:
            return "server"
        if self.status in _REFUSED:
            return "auth"
        return "throttled" if self.status == _TOO_MANY else "client"

    @property
    def gateway_failure_class(self) -> str | None:
        """The same for a reader of API Management's record, which holds the error's body."""
        return "content_filter" if self.blocked else self.failure_class

    @property
    def cost(self) -> float | None:
        """What the tokens cost at list price, cached ones at their own."""
        if self.usage is None:
            return None
        return price(self.place.model, self.at.date(), self.usage)


@dataclass(frozen=True, slots=True)
class KeyListing:
    """Somebody read the keys of an account.

    ``operation`` is Azure's name of it, the only one of an audit record that is published. A test that needs another
    makes one up.
    """

    at: datetime
    place: Place
    object_id: str
    operation: str = "ListKey"
