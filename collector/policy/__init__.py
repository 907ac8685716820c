"""The policy: what the daemon is told to do, from one YAML file in the form of an Elastic Agent policy.

Promises: `load_policy` returns a `Policy` that is whole, checked and frozen, or raises `PolicyError` with every
mistake at once, each with file, line, key and what to write. Keys of the Elastic Agent that are not used are
explained in `Policy.notes`. `load_values` does the same for a policy that another program has read already. No secret
is in any message, repr or rendering.

Does not promise that what the policy names can be reached. Imports no other room.
"""

from collector.policy.azure_metrics import AzureMetricsInput, AzureMetricsStream
from collector.policy.connection_string import EventHubConnectionString, StorageConnectionString
from collector.policy.elasticsearch import Backoff, ElasticsearchOutput
from collector.policy.event_hub import DataStream, EventHubInput, EventHubStream
from collector.policy.loading import load_policy, load_text, load_values, load_with_text
from collector.policy.masking import render_effective
from collector.policy.model import Policy
from collector.policy.monitoring import Monitoring, MonitoringHttp
from collector.policy.problems import PolicyError, Problem
from collector.policy.secret import Secret
from collector.policy.tls import Ssl

__all__ = [
    "AzureMetricsInput",
    "AzureMetricsStream",
    "Backoff",
    "DataStream",
    "ElasticsearchOutput",
    "EventHubConnectionString",
    "EventHubInput",
    "EventHubStream",
    "Monitoring",
    "MonitoringHttp",
    "Policy",
    "PolicyError",
    "Problem",
    "Secret",
    "Ssl",
    "StorageConnectionString",
    "load_policy",
    "load_text",
    "load_values",
    "load_with_text",
    "render_effective",
]
