"""What Blob storage says when a checkpoint container cannot be used, in one sentence that says what to do.

Promises: account, container and the kind of login are named, never a key, a signature or a token. Codes and statuses:
learn.microsoft.com, "Common REST API error codes" and "Blob service error codes".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import ClientSSLError
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient


class ContainerUnusableError(Exception):
    """The container cannot be used; the message says why and what to do."""


_LOGINS: Final[Mapping[str, str]] = {
    "AzureNamedKeyCredential": "the account key",
    "AzureSasCredential": "the shared access signature",
    "AzureCliCredential": "the login of az",
    "CertificateCredential": "the application with its certificate",
    "ClientSecretCredential": "the application with its client secret",
    "DefaultAzureCredential": "the identity of the default chain",
    "ManagedIdentityCredential": "the managed identity",
    "SharedKeyCredentialPolicy": "the account key",
    "WorkloadIdentityCredential": "the workload identity",
}
_ROLE: Final = "give it the role Storage Blob Data Contributor on the container or the account"
_SAS_RIGHTS: Final = "make one with the rights read, write, create and list (rwcl) for containers and objects"
_CREATE: Final = "create it: az storage container create --account-name {account} --name {container} --auth-mode login"
_NETWORK: Final = (
    "allow this machine in the account's network rules or reach it through its private endpoint, and check that the "
    "login is of this account"
)

# The service's error code -> what is wrong and what to do. {rights} fits the kind of login.
_CODES: Final[Mapping[str, str]] = {
    "AuthorizationPermissionMismatch": "{login} may not {doing} container {container} of account {account}: {rights}",
    "AuthorizationFailure": "account {account} refuses {login} for container {container}: " + _NETWORK,
    "AuthorizationResourceTypeMismatch": "{login} is not for containers and objects of account {account}: {rights}",
    "AuthorizationServiceMismatch": "{login} is not for Blob storage of account {account}: {rights}",
    "AuthorizationProtocolMismatch": "{login} is not for http:// at account {account}: use https://",
    "AuthorizationSourceIPMismatch": "{login} is not for this machine's address at account {account}: {rights}",
    "InsufficientAccountPermissions": "{login} may not {doing} container {container} of account {account}: {rights}",
    "KeyBasedAuthenticationNotPermitted": "account {account} takes no account keys: log in with Entra ID, "
    "or allow key access on the account",
    "AuthenticationFailed": "account {account} does not accept {login}: check that it is of this account and not "
    "expired, and that this machine's clock is right",
    "InvalidAuthenticationInfo": "account {account} does not accept {login}: check that it is of this account's tenant",
    "NoAuthenticationInformation": "account {account} wants a login for container {container}: name a key, a "
    "connection string with one, or an identity",
    "PublicAccessNotPermitted": "account {account} wants a login for container {container}: name a key, a "
    "connection string with one, or an identity",
    "AccountIsDisabled": "account {account} is disabled: enable it in Azure",
    "ContainerNotFound": "container {container} is not there: " + _CREATE,
    "ContainerBeingDeleted": "container {container} of account {account} is being deleted: wait, or name another",
    "ContainerDisabled": "container {container} of account {account} is disabled: name another",
    "ResourceNotFound": "there is no account {account} at this address: check storage_account and its endpoint",
    "InvalidResourceName": "{container} is no name of a container: check storage_account_container",
    "FeatureNotSupportedForAccount": "account {account} is of a kind without blobs: name a general-purpose account",
}
_NOT_CREATED: Final = "container {container} is not there and {login} may not create it: {rights}, or " + _CREATE
_REFUSED: Final = frozenset({401, 403})
_STATUSES: Final[Mapping[int, str]] = {
    401: "InvalidAuthenticationInfo",
    403: "AuthorizationFailure",
    404: "ResourceNotFound",
}


def explain_refusal(error: AzureError, container: "ContainerClient", doing: str) -> ContainerUnusableError:
    """Return what is wrong in words; ``doing`` is what was tried: "read", "write to" or "create"."""
    login, rights = _describe_login(container)
    refused = isinstance(error, HttpResponseError) and error.status_code in _REFUSED
    text = _NOT_CREATED if doing == "create" and refused else _find_text(error)
    words = {
        "account": container.account_name or "of no name",
        "container": container.container_name,
        "doing": doing,
        "login": login,
        "rights": rights,
    }
    return ContainerUnusableError(text.format_map(words))


def _describe_login(container: "ContainerClient") -> tuple[str, str]:
    """Return in words what kind of login the client uses, and what to do when it lacks a right."""
    credential: Any = container.credential
    if credential is None:
        signed = "sig=" in container.url
        return ("the shared access signature", _SAS_RIGHTS) if signed else ("no login", "name a key or an identity")
    name = type(credential).__name__
    if name == "AzureSasCredential":
        return _LOGINS[name], _SAS_RIGHTS
    login = _LOGINS.get(name, "the Entra ID identity")
    return login, "check the account's settings for keys" if login == "the account key" else _ROLE


def read_code(error: AzureError) -> str:
    """Return the service's error code, or an empty text."""
    response: Any = getattr(error, "response", None)
    return str(response.headers.get("x-ms-error-code", "")) if response is not None else ""


def _find_text(error: AzureError) -> str:
    code = read_code(error)
    if code in _CODES:
        return _CODES[code]
    if isinstance(error, ServiceRequestError):
        if isinstance(error.inner_exception, ClientSSLError):
            return "the host of account {account} shows a certificate that is not trusted: check the endpoint"
        return (
            "the host of account {account} cannot be reached: check the account's name and endpoint, and this "
            "machine's DNS and network"
        )
    if isinstance(error, HttpResponseError) and error.status_code in _STATUSES:
        return _CODES[_STATUSES[error.status_code]]
    if isinstance(error, ClientAuthenticationError):
        return "Entra ID gives {login} no token for account {account}: check tenant, id and credential"
    status = f" (HTTP {error.status_code})" if isinstance(error, HttpResponseError) else f" ({type(error).__name__})"
    return f"account {{account}} cannot be used now{status}: it is tried again"
