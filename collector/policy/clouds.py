"""The clouds of Azure by name: where each logs in, and how its hosts end.

Promises: a stream's other keys tell its cloud where they can; an explicit endpoint always stands. The token scopes of
Event Hubs and Storage are the same in all clouds, so no key names them.

Sources: `azure.identity.AzureAuthorityHosts`; learn.microsoft.com, "Compare Azure Government and global Azure"
(endpoint mapping) and "Check endpoints in Azure" (China).
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

    @property
    def authority_host(self) -> str:
        """The address that applications log in at."""
        return f"https://{self.login_hosts[0]}"

    def owns(self, host: str) -> bool:
        """Tell whether the host's name says that it belongs to this cloud."""
        name = host.lower()
        return name in self.login_hosts or name.endswith((f".{self.event_hubs_suffix}", f".{self.blob_suffix}"))


PUBLIC = Cloud(
    "public",
    ("login.microsoftonline.com", "login.windows.net"),
    "servicebus.windows.net",
    "blob.core.windows.net",
)
US_GOVERNMENT = Cloud(
    "us_government",
    ("login.microsoftonline.us",),
    "servicebus.usgovcloudapi.net",
    "blob.core.usgovcloudapi.net",
)
CHINA = Cloud(
    "china",
    ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
    "servicebus.chinacloudapi.cn",
    "blob.core.chinacloudapi.cn",
)
CLOUDS: Mapping[str, Cloud] = {cloud.name: cloud for cloud in (PUBLIC, US_GOVERNMENT, CHINA)}


def find_cloud(host: str) -> Cloud | None:
    """Return the cloud that a host or an address belongs to; None for a private name."""
    name = (urlsplit(host).hostname or "") if "://" in host else host
    return next((cloud for cloud in CLOUDS.values() if cloud.owns(name)), None)
