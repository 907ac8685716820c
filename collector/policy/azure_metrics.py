"""The input ``azure/metrics``: whose metrics are read from Azure Monitor, with which login, and how often.

Promises: key names are those of Elastic's own input; each default carries its reason. Does not promise that the
subscription exists, or that the login may read it.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, override

from collector.policy.azure_endpoints import HttpsUrl, RegionalUrl
from collector.policy.azure_login import EntraLogin
from collector.policy.azure_metrics_access import (
    DATASET,
    METRICS_CONTAINER,
    find_foreign_resources,
    find_odd_period,
)
from collector.policy.azure_resources import ResourceChoice, ResourceChoices, ResourceId
from collector.policy.blob_storage import BlobStorage
from collector.policy.clouds import CLOUDS
from collector.policy.common_keys import (
    input_data_stream,
    input_enabled,
    input_id,
    input_processors,
    input_type,
    namespace,
    stream_enabled,
    stream_tags,
    use_output,
)
from collector.policy.ignored_keys import (
    DATA_STREAM_IGNORED,
    INPUT_IGNORED,
    INPUT_REFUSED,
    METRICS_STREAM_IGNORED,
    METRICS_STREAM_REFUSED,
)
from collector.policy.kinds import Choice, Duration, ListOf, Switch, Text
from collector.policy.login_rules import AZURE_MONITOR_LOGINS, find_foreign_hosts, find_login_problems
from collector.policy.naming import CONTAINER, NAMESPACE, RESOURCE_GROUP, SUBSCRIPTION
from collector.policy.naming import DATASET as DATASET_NAME
from collector.policy.processors import Processor, ProcessorList
from collector.policy.section import Contradiction, Section, setting
from collector.policy.storage_rules import find_storage_problems

_LOGINS = tuple(AZURE_MONITOR_LOGINS.needed)
_RESOURCE_MANAGER = HttpsUrl("an address of Azure Resource Manager", "https://management.usgovcloudapi.net")


class MetricsDataStream(Section):
    """``data_stream`` of an input or a stream of metrics."""

    ignored_keys: ClassVar[Mapping[str, str]] = DATA_STREAM_IGNORED

    type: Annotated[Literal["metrics"], Choice(("metrics",))] = setting(
        "metrics", "The type of the data stream.", reason="Azure Monitor has metrics; logs are read from event hubs"
    )
    dataset: Annotated[str, DATASET_NAME] = setting(
        DATASET,
        "The dataset of the data stream. Metrics of Azure ML online endpoints go to aoai.endpoints beside it, "
        "deployments and quotas to aoai.deployments; another dataset than the default gets all metrics, and no "
        "deployments.",
        reason="the dataset that this package's pipelines, templates and dashboards are for",
    )
    namespace: Annotated[str, NAMESPACE] = namespace()


class MetricsName(Section):
    """The keys of a stream of metrics that say what is read, and where it goes."""

    id: Annotated[str, Text()] = setting(
        ...,
        "The name of the stream in logs and counters; no two streams have the same. Where it stands in time is kept "
        "under this name: with another name, the last hours are read again, and what is there already is recognised.",
        reason="a policy with one stream needs no second name",
        derived="`<input id>-<dataset>`",
        example="metrics",
    )
    enabled: Annotated[bool, Switch()] = stream_enabled()
    data_stream: MetricsDataStream = setting(
        MetricsDataStream(), "The data stream that documents go to.", reason="every key of it has a default"
    )
    subscription_id: Annotated[tuple[str, ...], ListOf(SUBSCRIPTION, needed=True)] = setting(
        ...,
        "The subscriptions to look for resources in: one, or a list. The login needs the role Monitoring Reader on "
        "each, or on what of it is read.",
        reason="required: a login may see many",
        example="33333333-3333-4333-8333-333333333333",
    )
    resource_groups: Annotated[tuple[str, ...], ListOf(RESOURCE_GROUP)] = setting(
        (),
        "Read only the resources of these groups.",
        reason="without it, and without resource_ids, every account and online endpoint of the subscriptions is read",
        example="[rg-chat]",
    )
    resource_ids: Annotated[tuple[str, ...], ListOf(ResourceId())] = setting(
        (),
        "Read these resources, beside those of resource_groups. A workspace stands for all its online endpoints.",
        reason="as for resource_groups",
        example=(
            "[/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg/providers/"
            "Microsoft.CognitiveServices/accounts/chat]"
        ),
    )
    resources: Annotated[tuple[ResourceChoice, ...], ResourceChoices()] = setting(
        (),
        "resource_groups and resource_ids in the form in which Kibana writes them. The metrics that are named there do "
        "not matter: all of them are read.",
        reason="resource_groups and resource_ids are simpler",
    )


class MonitorLogin(Section):
    """How a stream of metrics logs in."""

    auth_type: Annotated[
        Literal["client_secret", "client_certificate", "managed_identity", "workload_identity", "default_credential"],
        Choice(_LOGINS, refused=(("default", "Write default_credential."),)),
    ] = setting(
        "client_secret",
        "How to log in at Entra ID: as an application (client_secret, client_certificate), as a managed_identity, as a "
        "workload_identity of Kubernetes, or by the default_credential chain of the Azure SDK (environment, workload, "
        "managed identity, Azure CLI).",
        reason="the one login of Elastic's input",
    )


class MonitorEndpoints(Section):
    """Where Azure is asked for resources and for metrics."""

    aliases: ClassVar[Mapping[str, str]] = {"active_directory_endpoint": "authority_host"}

    resource_manager_endpoint: Annotated[str, _RESOURCE_MANAGER] = setting(
        CLOUDS["public"].resource_manager_endpoint,
        "The address of Azure Resource Manager, where it is not the cloud's own.",
        reason="a cloud has one; Elastic's input names the cloud by this key, and so can you",
        derived="the cloud's: `https://management.azure.com`, `https://management.usgovcloudapi.net`, "
        "`https://management.chinacloudapi.cn`",
    )
    resource_manager_audience: Annotated[str, _RESOURCE_MANAGER] = setting(
        CLOUDS["public"].resource_manager_endpoint,
        "Whom the token for Azure Resource Manager is for.",
        reason="it is the address of the cloud's own Resource Manager, also behind another address",
        derived="the cloud's resource_manager_endpoint",
    )
    metrics_endpoint: Annotated[str, RegionalUrl()] = setting(
        CLOUDS["public"].metrics_endpoint,
        "The address of the batch API of Azure Monitor. `{region}` stands for the region of the resources.",
        reason="a cloud has one for each region",
        derived="the cloud's: `https://{region}.metrics.monitor.azure.com`, "
        "`https://{region}.metrics.monitor.azure.us`, `https://{region}.metrics.monitor.azure.cn`",
    )
    enable_batch_api: Annotated[bool, Switch()] = setting(
        True,
        "Whether metrics are read for up to 50 resources at once. With false, or in a region without the batch API, "
        "each resource is asked for by itself at Azure Resource Manager, whose limits are lower.",
        reason="200 accounts at one minute are far below the limits with it, and above them without",
    )


class AzureMetricsStream(BlobStorage, MonitorEndpoints, EntraLogin, MonitorLogin, MetricsName):
    """The metrics of some resources, read with one login."""

    ignored_keys: ClassVar[Mapping[str, str]] = METRICS_STREAM_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = METRICS_STREAM_REFUSED

    storage_account_container: Annotated[str | None, CONTAINER] = setting(
        None,
        "The blob container for cursors, the gap ledger and the lease; created when the login may. Several streams may "
        "share one, with each other and with the checkpoints of hubs.",
        reason="one container is enough: names in it begin with the stream's id",
        derived=f"`{METRICS_CONTAINER}`",
    )
    checkpoint_store: Annotated[Literal["sqlite", "blob"], Choice(("sqlite", "blob"))] = setting(
        "sqlite",
        "Where the cursor and the gap ledger are kept: blob (several collectors, of which one polls) or sqlite (a file "
        "in the data directory; one collector).",
        reason="as for event hubs: a storage account is given for this and nothing else",
        derived="`blob` when a storage account is given, else `sqlite`",
    )
    period: Annotated[timedelta, Duration("60s", "1h")] = setting(
        timedelta(seconds=60),
        "How often Azure Monitor is asked. Each minute is a document however long the period is; a longer one asks "
        "less often for more minutes.",
        reason="a metric has one value a minute, and with the batch API a call a minute is cheap",
    )
    latency: Annotated[timedelta, Duration("1m", "2h")] = setting(
        timedelta(minutes=3),
        "How long after its end a minute counts as final. It is written once, then; a value that Azure restates later "
        "is listed in the gap ledger and not written again.",
        reason="Azure Monitor completes a minute within two to three",
    )
    backfill: Annotated[timedelta, Duration("0s", "2232h")] = setting(
        timedelta(hours=24),
        "How much of an outage is read when it is over. What lies before is listed in the gap ledger as lost. At the "
        "very first start, and for a new resource, the last hour is read.",
        reason="a day covers an outage over night; Azure Monitor keeps 93 days (2232h)",
    )
    refresh_list_interval: Annotated[timedelta, Duration("1m", "24h")] = setting(
        timedelta(minutes=10),
        "How often resources, their deployments and quotas, and the definitions of metrics are listed anew.",
        reason="the default of Elastic's input",
    )
    tags: Annotated[tuple[str, ...], ListOf(Text())] = stream_tags()
    processors: Annotated[tuple[Processor, ...], ProcessorList()] = setting(
        (),
        "What to add to documents, and which to drop, of metrics and of the inventory; they run after those of the "
        "input.",
        reason="a document holds what Azure said unless someone asks for more",
    )

    @property
    def chosen_groups(self) -> tuple[str, ...]:
        """The resource groups that are read, from resource_groups and resources."""
        return (*self.resource_groups, *(group for choice in self.resources for group in choice.groups))

    @property
    def chosen_ids(self) -> tuple[str, ...]:
        """The ids of resources that are read, from resource_ids and resources."""
        return (*self.resource_ids, *(each for choice in self.resources for each in choice.ids))

    @property
    def reads_everything(self) -> bool:
        """Whether every resource of the subscriptions is read."""
        whole = any(not choice.ids and not choice.groups for choice in self.resources)
        return whole or not (self.chosen_groups or self.chosen_ids)

    @property
    def metrics_audience(self) -> str:
        """Whom tokens for the batch API are for."""
        return CLOUDS[self.cloud].metrics_audience

    @override
    @classmethod
    def find_missing(cls, given: Mapping[str, object]) -> Iterator[Contradiction]:
        yield from find_login_problems(given, AZURE_MONITOR_LOGINS)
        yield from find_storage_problems(given, default_login=AZURE_MONITOR_LOGINS.default)

    @override
    def find_contradictions(self) -> Iterator[Contradiction]:
        yield from super().find_contradictions()
        keys = ("authority_host", "resource_manager_endpoint", "metrics_endpoint", "storage_account_endpoint")
        yield from find_foreign_hosts(self.cloud, {key: getattr(self, key) for key in keys})
        yield from find_foreign_resources(self.resource_ids, self.subscription_id)
        yield from find_odd_period(self.period.total_seconds())


class AzureMetricsInput(Section):
    """An input of type ``azure/metrics``: streams that share an output."""

    ignored_keys: ClassVar[Mapping[str, str]] = INPUT_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = INPUT_REFUSED

    id: Annotated[str, Text()] = input_id("azure/metrics", "azure-openai-metrics")
    type: Annotated[Literal["azure/metrics", "aoai/azure-metrics"], Choice(("azure/metrics", "aoai/azure-metrics"))] = (
        input_type("azure/metrics")
    )
    use_output: Annotated[str, Text()] = use_output()
    enabled: Annotated[bool, Switch()] = input_enabled()
    data_stream: MetricsDataStream = input_data_stream(MetricsDataStream())
    processors: Annotated[tuple[Processor, ...], ProcessorList()] = input_processors()
    streams: tuple[AzureMetricsStream, ...] = setting(
        ...,
        "Whose metrics are read. Only those that are enabled are kept.",
        reason="required: an input without streams reads nothing",
    )
