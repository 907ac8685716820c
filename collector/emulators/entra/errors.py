"""The refusals of Entra ID that clients meet, in the service's own form.

Source: learn.microsoft.com, "Microsoft Entra authentication and authorization error codes", and what `azure-identity`
shows of a real tenant's answers.
"""

import uuid
from datetime import UTC, datetime


class LoginRefusedError(Exception):
    """A request for a token is refused: HTTP status, OAuth error, AADSTS code, and the sentence for people."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.code = code
        self.text = text

    def render(self) -> dict[str, object]:
        """Return the body of the answer."""
        now = datetime.now(UTC)
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        description = (
            f"AADSTS{self.code}: {self.text} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
        )
        return {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
            "trace_id": trace,
            "correlation_id": correlation,
        }


def unknown_tenant(tenant: str) -> LoginRefusedError:
    """No directory of this name."""
    return LoginRefusedError(
        400,
        "invalid_request",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud.",
    )


def unknown_application(client_id: str, tenant: str) -> LoginRefusedError:
    """No application of this id in the directory."""
    return LoginRefusedError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'.",
    )


def wrong_secret(client_id: str) -> LoginRefusedError:
    """The secret is not one of the application's."""
    return LoginRefusedError(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{client_id}'.",
    )


def expired_secret(client_id: str) -> LoginRefusedError:
    """The secret is right and over."""
    return LoginRefusedError(
        401,
        "invalid_client",
        7000222,
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys "
        "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
    )


def unknown_resource(resource: str, tenant: str) -> LoginRefusedError:
    """Nothing of this name takes tokens of the directory."""
    return LoginRefusedError(
        400,
        "invalid_resource",
        500011,
        f"The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
    )


def no_login() -> LoginRefusedError:
    """Neither a secret nor an assertion."""
    return LoginRefusedError(
        401,
        "invalid_client",
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    )


def wrong_signature() -> LoginRefusedError:
    """An assertion that no registered certificate has signed."""
    return LoginRefusedError(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    )


def unmatched_federation() -> LoginRefusedError:
    """A token of another issuer that stands for no application."""
    return LoginRefusedError(
        401, "invalid_client", 700213, "No matching federated identity record found for presented assertion."
    )


def assertion_out_of_date() -> LoginRefusedError:
    """An assertion whose time has not come or is over."""
    return LoginRefusedError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")


def wrong_audience() -> LoginRefusedError:
    """An assertion that is made for another endpoint."""
    return LoginRefusedError(
        401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."
    )


def unknown_grant(grant: str) -> LoginRefusedError:
    """A grant that is not served."""
    return LoginRefusedError(
        400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'."
    )


def wrong_scope(scope: str) -> LoginRefusedError:
    """A scope that is not one resource's default."""
    return LoginRefusedError(
        400,
        "invalid_scope",
        1002012,
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    )
