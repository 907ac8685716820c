"""How a stream logs in to Azure and by which way it gets there: the part of its keys that is no hub and no storage.

Promises: one login for what is read, which storage uses too unless it has its own. Key names are those of Elastic's
own input where that has them (`auth_type`, `transport`, `managed_identity_client_id`, ...).
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from collector.policy.azure_endpoints import AbsolutePath, BareHost, HttpsUrl
from collector.policy.clouds import CLOUDS
from collector.policy.connection_string import EventHubConnectionStringText
from collector.policy.elasticsearch_access import ProxyUrl
from collector.policy.kinds import Choice, ListOf, SecretText
from collector.policy.naming import CLIENT, EVENT_HUB_NAMESPACE, TENANT
from collector.policy.secret import Secret
from collector.policy.section import Section, setting
from collector.policy.tls import PemOrPath, PrivateKey

AUTH_TYPES = (
    "connection_string",
    "client_secret",
    "client_certificate",
    "managed_identity",
    "workload_identity",
    "default_credential",
)
type AuthType = Literal[
    "connection_string",
    "client_secret",
    "client_certificate",
    "managed_identity",
    "workload_identity",
    "default_credential",
]

_ALWAYS_CHECKED = "Azure's certificates are always checked in full; remove the key."
_NO_TLS_LOGIN = "Azure is logged in to with auth_type: client_certificate; remove the key."


class AzureSsl(Section):
    """``ssl`` of a stream: which authorities may have signed the certificates of Azure's hosts."""

    refused_keys: ClassVar[Mapping[str, str]] = {
        "enabled": _ALWAYS_CHECKED,
        "verification_mode": _ALWAYS_CHECKED,
        "supported_protocols": "TLS 1.2 and later are used and cannot be changed; remove the key.",
        "ca_trusted_fingerprint": "Write certificate_authorities.",
        "certificate": _NO_TLS_LOGIN,
        "key": _NO_TLS_LOGIN,
    }

    certificate_authorities: Annotated[tuple[str, ...], ListOf(PemOrPath())] = setting(
        (),
        "Authorities that may have signed the certificates of Azure's hosts, instead of the system's: for a proxy that "
        "opens TLS, or for emulators.",
        reason="Azure's own certificates are signed by authorities that every system knows",
        example="[/etc/ssl/proxy-ca.pem]",
    )


class EntraLogin(Section):
    """The keys of a login at Entra ID, of the cloud and of the way there, whatever is read with it."""

    tenant_id: Annotated[str | None, TENANT] = setting(
        None,
        "The Entra ID tenant, for client_secret, client_certificate and workload_identity.",
        reason="with workload_identity AZURE_TENANT_ID of the pod is used without it; other logins have no use for it",
    )
    client_id: Annotated[str | None, CLIENT] = setting(
        None,
        "The application's id, for client_secret, client_certificate and workload_identity.",
        reason="with workload_identity AZURE_CLIENT_ID of the pod is used without it; other logins have no use for it",
    )
    client_secret: Annotated[Secret | None, SecretText()] = setting(
        None,
        "The application's secret. The same login is used for the storage account unless that has its own key.",
        reason="used with auth_type client_secret only",
        example='"${env.AZURE_CLIENT_SECRET}"',
    )
    client_certificate: Annotated[Secret | None, PrivateKey()] = setting(
        None,
        "The application's certificate with its RSA private key: a file in PEM or PKCS#12 form, or the PEM text.",
        reason="used with auth_type client_certificate only",
        example="/etc/aoai/application.pem",
    )
    client_certificate_password: Annotated[Secret | None, SecretText()] = setting(
        None,
        "The password that the key in client_certificate is encrypted with.",
        reason="a key may be unencrypted",
        example='"${env.CERTIFICATE_PASSWORD}"',
    )
    managed_identity_client_id: Annotated[str | None, CLIENT] = setting(
        None,
        "The client id of a user-assigned managed identity.",
        reason="without it the machine's own (system-assigned) identity is used, as in Elastic's input",
    )
    workload_identity_token_file: Annotated[str | None, AbsolutePath()] = setting(
        None,
        "The file with the service account's token, for auth_type workload_identity. Read again whenever a login is "
        "due, since Kubernetes renews it.",
        reason="AZURE_FEDERATED_TOKEN_FILE, which Kubernetes sets in the pod",
        example="/var/run/secrets/azure/tokens/azure-identity-token",
    )
    cloud: Annotated[Literal["public", "us_government", "china"], Choice(tuple(CLOUDS))] = setting(
        "public",
        "The cloud: its Entra ID, and how its other host names end.",
        reason="where another key names a host of a cloud, that is the one",
        derived="the cloud that a host in another key belongs to, else `public`",
    )
    authority_host: Annotated[str, HttpsUrl()] = setting(
        CLOUDS["public"].authority_host,
        "The login host, where it is not the cloud's own.",
        reason="a cloud has one; Elastic's input names the cloud by this key, and so can you",
        derived="the cloud's: `https://login.microsoftonline.com`, `https://login.microsoftonline.us`, "
        "`https://login.chinacloudapi.cn`",
    )
    proxy_url: Annotated[Secret | None, ProxyUrl()] = setting(
        None,
        "The HTTP proxy that leads to Azure; to Event Hubs with transport: websocket only. What passes it goes "
        "through a tunnel (CONNECT). A managed identity is asked for without it: that address is the machine's own.",
        reason="HTTPS_PROXY and NO_PROXY of the environment are followed without it, and by plain AMQP never",
        example="http://proxy.example.org:3128",
    )
    ssl: AzureSsl = setting(AzureSsl(), "How Azure's hosts are known.", reason="the system's authorities are right")


class HubLogin(Section):
    """The keys that say how a stream logs in at an event hub, and at which namespace."""

    auth_type: Annotated[
        AuthType,
        Choice(AUTH_TYPES, refused=(("default", "Write default_credential."),)),
    ] = setting(
        "connection_string",
        "How to log in: with connection_string, or at Entra ID as an application (client_secret, client_certificate), "
        "as a managed_identity, as a workload_identity of Kubernetes, or by the default_credential chain of the Azure "
        "SDK (environment, workload, managed identity, Azure CLI).",
        reason="the default of Elastic's input, and what the Azure portal shows first",
    )
    connection_string: Annotated[Secret | None, EventHubConnectionStringText()] = setting(
        None,
        "The connection string of the namespace or of the hub; the right to listen is enough. A host:port in its "
        "Endpoint is honoured, and a SharedAccessSignature in place of the key. An EntityPath in it must be eventhub. "
        "With UseDevelopmentEmulator=true it is no secret and may stand in a file that others can read.",
        reason="required with auth_type connection_string only",
        example='"${env.EVENTHUB_CONNECTION_STRING}"',
    )
    eventhub_namespace: Annotated[str | None, EVENT_HUB_NAMESPACE] = setting(
        None,
        "The host name of the namespace, for every login but connection_string. A name without dots gets the ending "
        "of the cloud; a private endpoint or a host name of your own is written whole.",
        reason="a connection string holds it already",
        example="example.servicebus.windows.net",
    )


class HubRoute(Section):
    """The keys that say which way leads to an event hub."""

    custom_endpoint_address: Annotated[str | None, BareHost()] = setting(
        None,
        "The host, or host:port, that the connection goes to in place of the namespace's own: an application gateway "
        "or another front. The namespace's name is still what is asked for.",
        reason="a private endpoint needs none: its name resolves to the private address",
        example="gateway.example.org:443",
    )
    transport: Annotated[
        Literal["amqp", "websocket"],
        Choice(("amqp", "websocket"), refused=(("amqp_websocket", "Write websocket."),)),
    ] = setting(
        "amqp",
        "amqp is TLS on port 5671; websocket carries the same over port 443, through firewalls and proxies.",
        reason="the default of Elastic's input; one layer less",
    )


class AzureLogin(HubRoute, EntraLogin, HubLogin):
    """The keys of a stream that say who it is at Azure, in which cloud, and which way leads there."""
