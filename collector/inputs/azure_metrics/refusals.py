"""What Azure says when metrics cannot be read, in one sentence that says what to do.

Promises: every way to fail has a kind, and docs/metrics.md has a fix for each kind. No secret and no token is in a
message. Source of codes: learn.microsoft.com, "Microsoft Entra authentication and authorization error codes",
"Troubleshoot common Azure deployment errors", "How to migrate from the metrics API to the getBatch API".
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from aiohttp import ClientSSLError
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError
from azure.core.rest import AsyncHttpResponse
from azure.identity import CredentialUnavailableError

METRICS_BACKEND_BUSY: Final = 529
"""What the batch API answers in place of 429; it does not say for how long."""


class Cause(StrEnum):
    """Why Azure gives no metrics."""

    WRONG_SECRET = "wrong_secret"  # noqa: S105 - the name of a trouble
    EXPIRED_SECRET = "expired_secret"  # noqa: S105 - as above
    WRONG_CERTIFICATE = "wrong_certificate"
    UNKNOWN_APPLICATION = "unknown_application"
    UNKNOWN_TENANT = "unknown_tenant"
    NO_IDENTITY = "no_identity"
    LOGIN_REFUSED = "login_refused"
    WRONG_CLOUD = "wrong_cloud"
    CLOCK_SKEW = "clock_skew"
    MISSING_ROLE = "missing_role"
    MISSING_ROLE_ON_SUBSCRIPTION = "missing_role_on_subscription"
    UNKNOWN_SUBSCRIPTION = "unknown_subscription"
    UNKNOWN_RESOURCE = "unknown_resource"
    BAD_REQUEST = "bad_request"
    BLOCKED_NETWORK = "blocked_network"
    UNTRUSTED_CERTIFICATE = "untrusted_certificate"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    NO_RESOURCES = "no_resources"


PASSING: Final = frozenset(
    {Cause.THROTTLED, Cause.UNAVAILABLE, Cause.BLOCKED_NETWORK, Cause.MISSING_ROLE_ON_SUBSCRIPTION}
)
"""What may mend itself; for all others someone must act."""


class RefusedByAzureError(Exception):
    """Azure, or the way to it, refuses; the message says why and what to do."""

    def __init__(self, kind: Cause, text: str, *, retry_after: float | None = None) -> None:
        """`retry_after` is in seconds; None when Azure names no time."""
        super().__init__(text)
        self.kind = kind
        self.retry_after = retry_after

    @property
    def grave(self) -> bool:
        """Whether someone must act."""
        return self.kind not in PASSING


_SENTENCES: Final[Mapping[Cause, str]] = {
    Cause.WRONG_SECRET: "Entra ID does not take client_secret: write the secret's value, not its id, and that of "
    "this application",
    Cause.EXPIRED_SECRET: "client_secret has expired: make a new one for the application",
    Cause.WRONG_CERTIFICATE: "Entra ID does not know client_certificate: upload its public part to the application",
    Cause.UNKNOWN_APPLICATION: "there is no application client_id in the tenant: check client_id and tenant_id",
    Cause.UNKNOWN_TENANT: "there is no tenant tenant_id in this cloud: check tenant_id, and cloud",
    Cause.NO_IDENTITY: "this machine has no identity of the kind auth_type names: give it one, or name another login",
    Cause.LOGIN_REFUSED: "Entra ID refuses the login",
    Cause.WRONG_CLOUD: "the token is of another cloud or tenant than the subscription: check cloud, tenant_id and "
    "resource_manager_endpoint",
    Cause.CLOCK_SKEW: "this machine's clock is wrong: set it by NTP",
    Cause.MISSING_ROLE: "the login may not read here: give it the role Monitoring Reader on the subscription; it "
    "takes up to 30 minutes to spread",
    Cause.MISSING_ROLE_ON_SUBSCRIPTION: "the batch API wants the role Monitoring Reader on the subscription itself; "
    "after it was given that takes up to 30 minutes to spread",
    Cause.UNKNOWN_SUBSCRIPTION: "there is no such subscription in the tenant: check subscription_id",
    Cause.UNKNOWN_RESOURCE: "there is no such resource: check resource_groups and resource_ids",
    Cause.BAD_REQUEST: "Azure Monitor does not take the request",
    Cause.BLOCKED_NETWORK: "Azure cannot be reached: check this machine's DNS, its firewall and proxy_url",
    Cause.UNTRUSTED_CERTIFICATE: "a host of Azure shows a certificate that is not trusted: write the authority of "
    "the proxy that opens TLS as ssl.certificate_authorities",
    Cause.THROTTLED: "Azure throttles: it is asked again later",
    Cause.UNAVAILABLE: "Azure does not answer as it should: it is asked again later",
    Cause.NO_RESOURCES: "there is nothing to read: no account of kind OpenAI or AIServices and no online endpoint is "
    "in what subscription_id, resource_groups and resource_ids name, or the login sees none",
}
_LOGIN_CODES: Final[Mapping[str, Cause]] = {
    "7000215": Cause.WRONG_SECRET,
    "7000222": Cause.EXPIRED_SECRET,
    "700027": Cause.WRONG_CERTIFICATE,
    "700016": Cause.UNKNOWN_APPLICATION,
    "90002": Cause.UNKNOWN_TENANT,
    "900023": Cause.UNKNOWN_TENANT,
    "700024": Cause.CLOCK_SKEW,
    "500011": Cause.WRONG_CLOUD,
}
"""Of AADSTS, without these letters."""
_SERVICE_CODES: Final[Mapping[str, Cause]] = {
    "InvalidAuthenticationTokenTenant": Cause.WRONG_CLOUD,
    "InvalidAuthenticationTokenAudience": Cause.WRONG_CLOUD,
    "ExpiredAuthenticationToken": Cause.CLOCK_SKEW,
    "AuthorizationFailed": Cause.MISSING_ROLE,
    "LinkedAuthorizationFailed": Cause.MISSING_ROLE,
    "SubscriptionNotFound": Cause.UNKNOWN_SUBSCRIPTION,
    "InvalidSubscriptionId": Cause.UNKNOWN_SUBSCRIPTION,
    "ResourceNotFound": Cause.UNKNOWN_RESOURCE,
    "ResourceGroupNotFound": Cause.UNKNOWN_RESOURCE,
}
_STATUSES: Final[Mapping[int, Cause]] = {
    HTTPStatus.BAD_REQUEST: Cause.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED: Cause.LOGIN_REFUSED,
    HTTPStatus.FORBIDDEN: Cause.MISSING_ROLE,
    HTTPStatus.NOT_FOUND: Cause.UNKNOWN_RESOURCE,
    HTTPStatus.TOO_MANY_REQUESTS: Cause.THROTTLED,
    METRICS_BACKEND_BUSY: Cause.THROTTLED,
}
_AADSTS: Final = re.compile(r"AADSTS(\d+)")
_SAYS_WHY: Final = frozenset({Cause.BAD_REQUEST, Cause.LOGIN_REFUSED, Cause.NO_IDENTITY, Cause.UNAVAILABLE})
_LONGEST: Final = 300
"""Characters of Azure's own words; the list of valid metrics in a refusal would fill pages."""


def refuse(kind: Cause, detail: str = "", *, retry_after: float | None = None) -> RefusedByAzureError:
    """Return the error of a kind with its sentence and, in brackets, what it is about."""
    text = _SENTENCES[kind]
    return RefusedByAzureError(kind, f"{text} ({detail[:_LONGEST]})" if detail else text, retry_after=retry_after)


def explain_failure(error: AzureError) -> RefusedByAzureError:
    """Return why a request got no answer: no login, or no way there."""
    if isinstance(error, CredentialUnavailableError):
        return refuse(Cause.NO_IDENTITY, _first_line(error))
    if isinstance(error, ClientAuthenticationError):
        code = _AADSTS.search(str(error))
        kind = _LOGIN_CODES.get(code[1], Cause.LOGIN_REFUSED) if code else Cause.LOGIN_REFUSED
        return refuse(kind, _first_line(error) if kind in _SAYS_WHY else code[0] if code else "")
    if isinstance(error, ServiceRequestError):
        inner = error.inner_exception
        secure = not isinstance(inner, ClientSSLError) and "CERTIFICATE_VERIFY_FAILED" not in str(error)
        return refuse(Cause.BLOCKED_NETWORK if secure else Cause.UNTRUSTED_CERTIFICATE, _first_line(error))
    return refuse(Cause.UNAVAILABLE, f"{type(error).__name__}: {_first_line(error)}")


def explain_answer(answer: AsyncHttpResponse, *, batch: bool = False) -> RefusedByAzureError:
    """Return why the answer, whose status is no success, holds nothing."""
    code, message = read_error(answer.content)
    if batch and answer.status_code == HTTPStatus.UNAUTHORIZED and code not in _SERVICE_CODES.keys() - _ROLE_CODES:
        kind = Cause.MISSING_ROLE_ON_SUBSCRIPTION
    else:
        kind = _SERVICE_CODES.get(code) or _STATUSES.get(answer.status_code, Cause.UNAVAILABLE)
    detail = f"{code}: {message}" if kind in _SAYS_WHY else code
    return refuse(
        kind, f"HTTP {answer.status_code} {detail}".strip(), retry_after=read_retry_after(dict(answer.headers))
    )


_ROLE_CODES: Final = frozenset({"AuthorizationFailed", "LinkedAuthorizationFailed"})


def read_error(body: bytes) -> tuple[str, str]:
    """Return code and message of an error's body; Azure wraps them in ``error`` or does not."""
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "", ""
    wrapped = cast("Mapping[str, Any]", decoded).get("error", decoded) if isinstance(decoded, Mapping) else None
    if not isinstance(wrapped, Mapping):
        return "", ""
    error = cast("Mapping[str, Any]", wrapped)
    return str(error.get("code") or ""), str(error.get("message") or "")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait: a number, or a date beside the answer's own."""
    named = {name.lower(): value for name, value in headers.items()}
    text = named.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(named.get("date", ""))
    except ValueError:
        return None
    return max((until - now).total_seconds(), 0.0)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
