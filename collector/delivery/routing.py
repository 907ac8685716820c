"""Which data set a record belongs to, by its category: the one table of it.

Promise: a record of a category named here goes to its data set, whichever stream of ours it came through; every other
one, known or not, stays in the stream's own. A stream whose data set is not of this package is left alone: who writes
to another one wants its records there.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LOGS: Final = "aoai.logs"
GATEWAY: Final = "aoai.gateway"
ENDPOINTS: Final = "aoai.endpoints"

DATASET_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Microsoft.CognitiveServices/accounts
        "Audit": LOGS,
        "AzureOpenAIRequestUsage": LOGS,
        "ManagedNetworkEvent": LOGS,
        "RequestResponse": LOGS,
        "Trace": LOGS,
        # Microsoft.ApiManagement/service
        "GatewayLlmLogs": GATEWAY,
        "GatewayLogs": GATEWAY,
        "GatewayMCPLogs": GATEWAY,
        # Microsoft.MachineLearningServices/workspaces/onlineEndpoints
        "AmlOnlineEndpointConsoleLog": ENDPOINTS,
        "AmlOnlineEndpointEventLog": ENDPOINTS,
        "AmlOnlineEndpointTrafficLog": ENDPOINTS,
    }
)
"""Category, as Azure spells it, to data set; https://learn.microsoft.com/azure/azure-monitor/reference/logs-index."""


def routes_beside(dataset: str) -> Mapping[str, str]:
    """Return the table for a stream that writes to ``dataset``; empty for a data set of another package."""
    return DATASET_OF if dataset in DATASET_OF.values() else {}
