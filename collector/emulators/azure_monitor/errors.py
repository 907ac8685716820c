"""The refusals of Resource Manager and Azure Monitor, in their own forms.

Source: learn.microsoft.com ("How to migrate from the metrics API to the getBatch API", "Understand how Azure Resource
Manager throttles requests", "Troubleshoot common Azure deployment errors"), and answers that users of other collectors
have published. Where neither shows a text, the text here is ours; codes and statuses are Azure's throughout.
"""

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

THROTTLED_BACKEND: Final = 529
"""The status with which the metrics data plane says that its backend is throttling."""


@dataclass
class RequestRefusedError(Exception):
    """A request is refused.

    Attributes:
        status: the HTTP status.
        code: the error's code.
        message: the sentence for people.
        headers: further headers of the answer.
        of_metrics: whether it is the metrics provider's own: behind Resource Manager that one leaves the wrapping
            `error` away, the data plane has it always.
    """

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    of_metrics: bool = False

    def render(self, *, data_plane: bool) -> dict[str, object]:
        """Return the body of the answer."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        return error if self.of_metrics and not data_plane else {"error": error}


def bad_request(message: str) -> RequestRefusedError:
    """The metrics provider does not take a parameter."""
    trace = f"{message}, TraceId: {{{uuid.uuid4()}}}"
    return RequestRefusedError(HTTPStatus.BAD_REQUEST, "BadRequest", trace, of_metrics=True)


def bad_filter(text: str) -> RequestRefusedError:
    """The filter cannot be read."""
    return bad_request(f"Received invalid filter: {text!r}")


def bad_value(value: str, name: str, allowed: Iterable[str]) -> RequestRefusedError:
    """A parameter has a value that is none of its values."""
    return bad_request(
        f"Detect invalid value: {value} for query parameter: '{name}', the value must be: {','.join(allowed)}"
    )


def missing_parameter(name: str) -> RequestRefusedError:
    """A parameter that must be there is not."""
    return bad_request(f"Missing required query parameter: '{name}'")


def unknown_metric(namespace: str, name: str, valid: Iterable[str]) -> RequestRefusedError:
    """A metric that this resource type does not have; it spoils the whole call."""
    provider, _, kind = namespace.partition("/")
    return bad_request(
        f"Failed to find metric configuration for provider: {provider}, resource Type: {kind}, metric: {name}, "
        f"Valid metrics: {','.join(valid)}"
    )


def unknown_dimensions(metric: str, dimensions: Iterable[str], supported: Iterable[str]) -> RequestRefusedError:
    """A dimension that one metric of the call does not have."""
    return bad_request(
        f"Metric: {metric} does not support requested dimension combination: "
        f"{','.join(each.lower() for each in dimensions)}, supported ones are: {','.join(supported)}"
    )


def too_many_metrics(count: int, limit: int) -> RequestRefusedError:
    """More metric names than a call may have."""
    return bad_request(f"Requested metrics count: {count} bigger than allowed max: {limit}")


def bad_interval(text: str, supported: Iterable[str]) -> RequestRefusedError:
    """A time grain that there is not."""
    return bad_request(f"Invalid time grain duration: {text}, supported ones are: {','.join(supported)}")


def missing_api_version() -> RequestRefusedError:
    """Every request must name the version of the API."""
    return RequestRefusedError(
        HTTPStatus.BAD_REQUEST,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def wrong_api_version(kind: str, version: str, supported: Iterable[str]) -> RequestRefusedError:
    """A version that this resource type does not have."""
    return RequestRefusedError(
        HTTPStatus.BAD_REQUEST,
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace for api version '{version}'. The supported "
        f"api-versions are '{','.join(supported)}'.",
    )


def unknown_subscription(subscription: str) -> RequestRefusedError:
    """No subscription of this id."""
    return RequestRefusedError(
        HTTPStatus.NOT_FOUND, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found."
    )


def unknown_resource(resource_id: str) -> RequestRefusedError:
    """No resource of this id."""
    return RequestRefusedError(
        HTTPStatus.NOT_FOUND,
        "ResourceNotFound",
        f"The Resource '{resource_id}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def unknown_path(path: str) -> RequestRefusedError:
    """Nothing that is emulated."""
    return RequestRefusedError(HTTPStatus.NOT_FOUND, "NotFound", f"No route of this emulator leads to {path}.")


def missing_token(tenant: str) -> RequestRefusedError:
    """A request without a token."""
    text = "Authentication failed. The 'Authorization' header is missing."
    return _unauthorised("AuthenticationFailed", text, tenant)


def invalid_token(tenant: str) -> RequestRefusedError:
    """A token that the login host has not given."""
    return _unauthorised("InvalidAuthenticationToken", "The access token is invalid.", tenant)


def expired_token(tenant: str, expiry: datetime, now: datetime) -> RequestRefusedError:
    """A token that is too old."""
    text = (
        f"The access token expiry UTC time '{_write_time(expiry)}' is earlier than current UTC time "
        f"'{_write_time(now)}'."
    )
    return _unauthorised("ExpiredAuthenticationToken", text, tenant)


def wrong_audience(tenant: str, audience: str, allowed: Iterable[str]) -> RequestRefusedError:
    """A token for something else."""
    text = (
        f"The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with "
        f"one of the allowed audiences {','.join(repr(each) for each in allowed)}."
    )
    return _unauthorised("InvalidAuthenticationTokenAudience", text, tenant)


def forbidden(client_id: str, action: str, scope: str) -> RequestRefusedError:
    """No role that allows it."""
    return RequestRefusedError(
        HTTPStatus.FORBIDDEN,
        "AuthorizationFailed",
        f"The client '{client_id}' with object id '{client_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials.",
    )


def no_batch_role(client_id: str, subscription: str) -> RequestRefusedError:
    """No role on the subscription: the data plane says 401, not 403 ("401 authorization errors")."""
    return RequestRefusedError(
        HTTPStatus.UNAUTHORIZED,
        "AuthorizationFailed",
        f"The client '{client_id}' does not have authorization to perform action 'Microsoft.Insights/metrics/read' "
        f"over scope '/subscriptions/{subscription}'.",
        of_metrics=True,
    )


def too_many_reads(subscription: str, client_id: str, wait_s: float) -> RequestRefusedError:
    """The bucket of reads is empty."""
    return _throttled(
        "SubscriptionRequestsThrottled",
        f"Number of 'read' requests for subscription '{subscription}' actor '{client_id}' exceeded. ",
        wait_s,
    )


def too_many_definitions(limit: int, interval: str, wait_s: float) -> RequestRefusedError:
    """Definitions were asked for too often."""
    return _throttled(
        "ResourceRequestsThrottled",
        f"Number of requests for action 'Microsoft.Insights/metricDefinitions/read' exceeded the limit of '{limit}' "
        f"for time interval '{interval}'. ",
        wait_s,
    )


def backend_throttled() -> RequestRefusedError:
    """The data plane is throttling; it does not say for how long."""
    return RequestRefusedError(
        THROTTLED_BACKEND, "TooManyRequests", "The metrics backend is throttling requests.", of_metrics=True
    )


def server_error(status: int) -> RequestRefusedError:
    """Something broke at the service's side."""
    codes = {500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
    return RequestRefusedError(status, codes.get(status, "ServerError"), "Detected Internal Error.", of_metrics=True)


def _unauthorised(code: str, message: str, tenant: str) -> RequestRefusedError:
    challenge = (
        f'Bearer authorization_uri="https://login.microsoftonline.com/{tenant}", error="invalid_token", '
        f'error_description="{message}"'
    )
    return RequestRefusedError(HTTPStatus.UNAUTHORIZED, code, message, {"WWW-Authenticate": challenge})


def _throttled(code: str, reason: str, wait_s: float) -> RequestRefusedError:
    seconds = max(1, math.ceil(wait_s))
    return RequestRefusedError(
        HTTPStatus.TOO_MANY_REQUESTS,
        code,
        f"{reason}Please try again after '{seconds}' seconds.",
        {"Retry-After": str(seconds)},
    )


def _write_time(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at.year} {at:%I:%M:%S %p}"
