"""The input ``azure-eventhub``: which hubs are read, with which login, and where positions are kept.

Promises: key names are those of Elastic's own input; each default carries its reason. Does not promise that the hub
exists.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, override

from collector.policy.azure_login import AzureLogin
from collector.policy.blob_storage import BlobStorage
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
from collector.policy.connection_string import (
    AMQPS_PORT,
    EventHubConnectionString,
    StorageConnectionString,
)
from collector.policy.content import ContentKeys
from collector.policy.event_hub_access import find_container_problems, find_route_problems
from collector.policy.ignored_keys import (
    DATA_STREAM_IGNORED,
    INPUT_IGNORED,
    INPUT_REFUSED,
    STREAM_IGNORED,
    STREAM_REFUSED,
)
from collector.policy.kinds import Choice, Duration, ListOf, Size, Switch, Text, WholeNumber
from collector.policy.login_rules import EVENT_HUB_LOGINS, find_foreign_hosts, find_login_problems
from collector.policy.naming import (
    CONSUMER_GROUP,
    DATASET,
    EVENT_HUB,
    NAMESPACE,
)
from collector.policy.processors import Processor, ProcessorList
from collector.policy.section import Contradiction, Section, setting
from collector.policy.start_position import StartPosition, StartPositionForm
from collector.policy.storage_rules import find_storage_problems


class DataStream(Section):
    """``data_stream``: the data stream that records go to, ``<type>-<dataset>-<namespace>``."""

    ignored_keys: ClassVar[Mapping[str, str]] = DATA_STREAM_IGNORED

    type: Annotated[Literal["logs"], Choice(("logs",))] = setting(
        "logs", "The type of the data stream.", reason="Event Hubs carries logs; metrics are polled by another input"
    )
    dataset: Annotated[str, DATASET] = setting(
        "aoai.logs",
        "The dataset of the data stream. A record whose category belongs to another of our datasets is sent there.",
        reason="the dataset that this package's pipelines, templates and dashboards are for",
    )
    namespace: Annotated[str, NAMESPACE] = namespace()


class HubName(Section):
    """The keys of a stream that say which hub is read, and where its records go."""

    id: Annotated[str, Text()] = setting(
        ...,
        "The name of the stream in logs and counters; no two streams have the same.",
        reason="a policy with one stream needs no second name",
        derived="`<input id>-<dataset>`",
        example="logs",
    )
    enabled: Annotated[bool, Switch()] = stream_enabled()
    data_stream: DataStream = setting(
        DataStream(), "The data stream that records go to.", reason="every key of it has a default"
    )
    eventhub: Annotated[str, EVENT_HUB] = setting(
        ..., "The name of the event hub.", reason="required: a namespace holds many hubs", example="insights-logs"
    )
    consumer_group: Annotated[str, CONSUMER_GROUP] = setting(
        "$Default",
        "The consumer group to read with. Give the collector its own when another program reads the hub too.",
        reason="the one group that every hub has",
    )


class EventHubStream(BlobStorage, ContentKeys, AzureLogin, HubName):
    """One event hub, read by one consumer group."""

    ignored_keys: ClassVar[Mapping[str, str]] = STREAM_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = STREAM_REFUSED

    checkpoint_store: Annotated[Literal["sqlite", "blob"], Choice(("sqlite", "blob"))] = setting(
        "sqlite",
        "Where positions are kept: blob (several collectors share the hub) or sqlite (a file in the data directory; "
        "one collector).",
        reason="a storage account is given for checkpoints and nothing else; without one a file is enough",
        derived="`blob` when a storage account is given, else `sqlite`",
    )
    processor_start_position: Annotated[StartPosition, StartPositionForm()] = setting(
        "earliest",
        "Where to begin in a partition that has no checkpoint yet; a checkpoint always wins. A time begins with the "
        "first event that the hub took in at that time or later, a sequence number with the event that has it. In a "
        "mapping, partitions that are not named begin at earliest.",
        reason="earliest loses nothing; what was already there is recognised and not stored twice",
        example='2026-11-01T00:00:00Z` or `{"0": 4200, "1": latest}',
    )
    processor_update_interval: Annotated[timedelta, Duration("1s", "10m")] = setting(
        timedelta(seconds=5),
        "How often a partition's position is written at most; also at stop.",
        reason="after a crash at most 5s are read again; writes to Blob storage cost dollars a month a partition",
    )
    prefetch: Annotated[int, WholeNumber(1, 10_000)] = setting(
        300,
        "The most events of a partition that may be fetched ahead.",
        reason="the Azure SDK's own default",
    )
    prefetch_bytes: Annotated[int, Size("1MiB", "64GiB")] = setting(
        16 * 2**20,
        "The most bytes of events that may be fetched ahead. The partitions that this collector reads have equal "
        "shares, and each may always fetch one event.",
        reason="each of 32 partitions can fetch 25 events of 20KiB at a time, and 32 events of 1MiB fit in the 256MiB "
        "that the process may use",
    )
    tags: Annotated[tuple[str, ...], ListOf(Text())] = stream_tags()
    processors: Annotated[tuple[Processor, ...], ProcessorList()] = setting(
        (),
        "What to add to a record, or which records to drop; they run after those of the input.",
        reason="a record is delivered as Azure sent it unless someone asks for more",
    )
    preserve_original_event: Annotated[bool, Switch()] = setting(
        False,
        "Whether event.original stays in the document.",
        reason="the original doubles the storage; all its fields are in the document anyway",
    )

    @property
    def namespace(self) -> str:
        """The host and port of the namespace, in lower case: what tells one hub of a name from another."""
        if self.connection_string is not None:
            return EventHubConnectionString.parse(self.connection_string.reveal()).namespace
        return f"{(self.eventhub_namespace or '').lower()}:{AMQPS_PORT}"

    @override
    @classmethod
    def find_missing(cls, given: Mapping[str, object]) -> Iterator[Contradiction]:
        yield from find_login_problems(given, EVENT_HUB_LOGINS)
        yield from find_route_problems(given)
        yield from find_container_problems(given)
        yield from find_storage_problems(given, default_login=EVENT_HUB_LOGINS.default)

    @override
    def find_contradictions(self) -> Iterator[Contradiction]:
        yield from super().find_contradictions()
        keys = ("authority_host", "eventhub_namespace", "storage_account_endpoint")
        yield from find_foreign_hosts(self.cloud, {key: getattr(self, key) for key in keys})
        if self.connection_string is not None:
            hub = EventHubConnectionString.parse(self.connection_string.reveal()).hub
            if hub is not None and hub.lower() != self.eventhub.lower():
                yield Contradiction(
                    ("eventhub",),
                    "is not the hub that connection_string names in EntityPath",
                    "Write the same hub in both.",
                )
        if self.storage_account is not None and self.storage_account_connection_string is not None:
            account = StorageConnectionString.parse(self.storage_account_connection_string.reveal()).account
            if account is not None and account != self.storage_account:
                yield Contradiction(
                    ("storage_account",),
                    "is not the account that storage_account_connection_string names",
                    "Leave storage_account out.",
                )


class EventHubInput(Section):
    """An input of type ``azure-eventhub``: streams that share an output."""

    ignored_keys: ClassVar[Mapping[str, str]] = INPUT_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = INPUT_REFUSED

    id: Annotated[str, Text()] = input_id("azure-eventhub", "azure-openai-logs")
    type: Annotated[
        Literal["azure-eventhub", "aoai/azure-eventhub"], Choice(("azure-eventhub", "aoai/azure-eventhub"))
    ] = input_type("azure-eventhub")
    use_output: Annotated[str, Text()] = use_output()
    enabled: Annotated[bool, Switch()] = input_enabled()
    data_stream: DataStream = input_data_stream(DataStream())
    processors: Annotated[tuple[Processor, ...], ProcessorList()] = input_processors()
    streams: tuple[EventHubStream, ...] = setting(
        ...,
        "The hubs to read. Only those that are enabled are kept.",
        reason="required: an input without streams reads nothing",
    )
