"""Credentials of Entra ID from the keys of a stream, made with `azure-identity`.

Promises: nothing is sent before a token is asked for. What is wrong with the keys or the environment (a certificate
without its password, a pod without AZURE_TENANT_ID) comes as the error of a login, so that it is reported and tried
again like any other and no other stream suffers.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity import CredentialUnavailableError
from azure.identity.aio import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from collector.inputs.azure.transport import BoundedHttpTransport, http_options
from collector.policy import AzureMetricsStream, Secret
from collector.policy.azure_login import AzureLogin, EntraLogin
from collector.policy.tls import is_pem


class UnusableCredential:
    """Stands for a credential that could not be made, and says why whenever a token is asked for."""

    def __init__(self, reason: str) -> None:
        """`reason` is a sentence without any secret."""
        self._reason = reason

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Raise `CredentialUnavailableError`."""
        raise CredentialUnavailableError(message=self._reason)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Do nothing."""


def build_credential(login: AzureLogin | AzureMetricsStream) -> AsyncTokenCredential:
    """Return the credential of a login at Entra ID; the caller closes it."""
    try:
        return _BUILDERS[login.auth_type](login)
    except (ValueError, OSError) as error:
        return UnusableCredential(f"The login {login.auth_type} cannot be used: {error}")


def _application(login: EntraLogin) -> dict[str, Any]:
    ids = {"tenant_id": login.tenant_id, "client_id": login.client_id}
    return {"authority": login.authority_host, **ids, **http_options(login)}


def _by_secret(login: EntraLogin) -> AsyncTokenCredential:
    return ClientSecretCredential(client_secret=_reveal(login.client_secret), **_application(login))


def _by_certificate(login: EntraLogin) -> AsyncTokenCredential:
    text = _reveal(login.client_certificate)
    data = text.encode() if is_pem(text) else Path(text).read_bytes()
    password = login.client_certificate_password
    return CertificateCredential(
        certificate_data=data, password=None if password is None else password.reveal(), **_application(login)
    )


def _by_managed_identity(login: EntraLogin) -> AsyncTokenCredential:
    """Ask the machine itself, past any proxy."""
    return ManagedIdentityCredential(
        client_id=login.managed_identity_client_id, transport=BoundedHttpTransport(by_proxy=False)
    )


def _by_workload_identity(login: EntraLogin) -> AsyncTokenCredential:
    return WorkloadIdentityCredential(token_file_path=login.workload_identity_token_file, **_application(login))


def _by_default(login: EntraLogin) -> AsyncTokenCredential:
    options: dict[str, Any] = {"authority": login.authority_host, **http_options(login)}
    if login.managed_identity_client_id is not None:
        options["managed_identity_client_id"] = login.managed_identity_client_id
    return DefaultAzureCredential(**options)


_BUILDERS: Mapping[str, Callable[[EntraLogin], AsyncTokenCredential]] = {
    "client_secret": _by_secret,
    "client_certificate": _by_certificate,
    "managed_identity": _by_managed_identity,
    "workload_identity": _by_workload_identity,
    "default_credential": _by_default,
}


def _reveal(secret: Secret | None) -> str:
    """Return the secret, which the policy has checked to be there."""
    return secret.reveal() if secret is not None else ""
