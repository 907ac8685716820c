"""The clouds of Azure by name: where each logs in, and how its hosts end.

Promises: a stream's other keys tell its cloud where they can; an explicit endpoint always stands. The token scopes of
Event Hubs and Storage are the same in all clouds, so no key names them.

Sources: `azure.identity.AzureAuthorityHosts`; learn.microsoft.com, "Compare Azure Government and global Azure"
(endpoint mapping) and "Check endpoints in Azure" (China); Azure.Monitor.Query.Metrics for .NET, `MetricsClientAudience`
(the batch API of Azure Monitor in each cloud).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud. `login_hosts` are its hosts of Entra ID, the one to use first."""

    name: str
    login_hosts: tuple[str, ...]
    event_hubs_suffix: str
    blob_suffix: str
    resource_manager_host: str
    metrics_suffix: str

    @property
    def authority_host(self) -> str:
        """The address that applications log in at."""
        return f"https://{self.login_hosts[0]}"

    @property
    def resource_manager_endpoint(self) -> str:
        """The address of Azure Resource Manager; its tokens are for the same address."""
        return f"https://{self.resource_manager_host}"

    @property
    def metrics_endpoint(self) -> str:
        """The address of the batch API of Azure Monitor in a region, which stands as ``{region}``."""
        return f"https://{{region}}.{self.metrics_suffix}"

    @property
    def metrics_audience(self) -> str:
        """Whom tokens for the batch API of Azure Monitor are for."""
        return f"https://{self.metrics_suffix}"

    def owns(self, host: str) -> bool:
        """Tell whether the host's name says that it belongs to this cloud."""
        name = host.lower()
        suffixes = (self.event_hubs_suffix, self.blob_suffix, self.metrics_suffix)
        hosts = (*self.login_hosts, self.resource_manager_host)
        return name in hosts or name.endswith(tuple(f".{suffix}" for suffix in suffixes))


PUBLIC = Cloud(
    "public",
    ("login.microsoftonline.com", "login.windows.net"),
    "servicebus.windows.net",
    "blob.core.windows.net",
    "management.azure.com",
    "metrics.monitor.azure.com",
)
US_GOVERNMENT = Cloud(
    "us_government",
    ("login.microsoftonline.us",),
    "servicebus.usgovcloudapi.net",
    "blob.core.usgovcloudapi.net",
    "management.usgovcloudapi.net",
    "metrics.monitor.azure.us",
)
CHINA = Cloud(
    "china",
    ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
    "servicebus.chinacloudapi.cn",
    "blob.core.chinacloudapi.cn",
    "management.chinacloudapi.cn",
    "metrics.monitor.azure.cn",
)
CLOUDS: Mapping[str, Cloud] = {cloud.name: cloud for cloud in (PUBLIC, US_GOVERNMENT, CHINA)}


def find_cloud(host: str) -> Cloud | None:
    """Return the cloud that a host or an address belongs to; None for a private name."""
    name = (urlsplit(host).hostname or "") if "://" in host else host
    return next((cloud for cloud in CLOUDS.values() if cloud.owns(name)), None)
