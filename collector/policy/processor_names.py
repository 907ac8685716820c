"""Names around processors: those of the Elastic Agent that are not here, and the fields that exist before the pipeline.

Promises: every processor and condition of Elastic's reference (8.19, "Filter and enhance data with processors") that
is not here is in a table with what to do instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class FieldType(Enum):
    """What a field holds before the ingest pipeline."""

    TEXT = auto()
    NUMBER = auto()
    SWITCH = auto()
    LIST = auto()


type Fields = Mapping[tuple[str, ...], FieldType]

ANY: Final = "*"
"""A part of a field's name that may be any."""

_EVERYWHERE: Final[Fields] = {
    ("@timestamp",): FieldType.TEXT,
    ("tags",): FieldType.LIST,
    ("data_stream", "type"): FieldType.TEXT,
    ("data_stream", "dataset"): FieldType.TEXT,
    ("data_stream", "namespace"): FieldType.TEXT,
    ("event", "module"): FieldType.TEXT,
    ("event", "dataset"): FieldType.TEXT,
}
_OF_RECORDS: Final[Fields] = MappingProxyType(
    {
        **_EVERYWHERE,
        ("message",): FieldType.TEXT,
        ("azure", "eventhub"): FieldType.TEXT,
        ("azure", "consumer_group"): FieldType.TEXT,
        ("azure", "partition_id"): FieldType.TEXT,
        ("azure", "offset"): FieldType.TEXT,
        ("azure", "sequence_number"): FieldType.NUMBER,
        ("azure", "enqueued_time"): FieldType.TEXT,
    }
)
_OF_METRICS: Final[Fields] = MappingProxyType(
    {
        **_EVERYWHERE,
        ("azure", "timegrain"): FieldType.TEXT,
        ("azure", "namespace"): FieldType.TEXT,
        ("azure", "subscription_id"): FieldType.TEXT,
        ("azure", "resource", "id"): FieldType.TEXT,
        ("azure", "resource", "name"): FieldType.TEXT,
        ("azure", "resource", "group"): FieldType.TEXT,
        ("azure", "resource", "type"): FieldType.TEXT,
        ("azure", "resource", "tags", ANY): FieldType.TEXT,
        ("azure", "dimensions", ANY): FieldType.TEXT,
        ("azure", "metrics", ANY, ANY): FieldType.NUMBER,
        ("azure", "deployment", "name"): FieldType.TEXT,
        ("azure", "deployment", "model", "name"): FieldType.TEXT,
        ("azure", "deployment", "model", "version"): FieldType.TEXT,
        ("azure", "deployment", "sku", "name"): FieldType.TEXT,
        ("azure", "deployment", "sku", "capacity"): FieldType.NUMBER,
        ("cloud", "provider"): FieldType.TEXT,
        ("cloud", "region"): FieldType.TEXT,
        ("cloud", "account", "id"): FieldType.TEXT,
    }
)

_OWN_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "@timestamp": "The pipeline takes the time from the record; choose another name.",
        "@metadata": "Documents go to the data stream that the stream names in data_stream; remove it.",
        "message": "It holds the record, which is never changed here; choose another name.",
        "azure": "It holds the record's place in the hub; choose another name.",
        "data_stream": "Write it under data_stream of the stream.",
        "tags": "Write add_tags, or tags of the stream.",
        "event.module": "Choose another name.",
        "event.dataset": "Choose another name.",
    }
)
_SAID_BY_AZURE: Final = "It holds what Azure said; choose another name."


@dataclass(frozen=True, slots=True)
class Sight:
    """What the processors of one kind of input work on."""

    fields: Fields
    """The fields of a document as it leaves the collector; nothing else is there before the pipeline ran."""
    unseen: str
    """Says of a field that is not among them what is wrong with a condition on it."""
    instead: str
    """What to do then."""
    own: Mapping[str, str]
    """Fields that only the collector writes -> what to do instead. Those below them are the collector's too."""


RECORDS: Final = Sight(
    _OF_RECORDS,
    "which no record has before the ingest pipeline",
    "Look into the record's text with contains and message, or drop it in the pipeline.",
    _OWN_FIELDS,
)
METRICS: Final = Sight(
    _OF_METRICS,
    "which no document of metrics has before the ingest pipeline",
    "Write a field below azure.dimensions, azure.resource, azure.deployment or cloud, or drop it in the pipeline.",
    MappingProxyType({**_OWN_FIELDS, "azure": _SAID_BY_AZURE, "cloud": _SAID_BY_AZURE}),
)

_HOST = "The collector adds nothing about the machine it runs on; remove it."
_NOTHING = "No ingest processor does it; do it where the data is searched, and remove it."
_PIPELINE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "add_network_direction": "network_direction",
        "append": "append",
        "community_id": "community_id",
        "convert": "convert",
        "copy_fields": "set with copy_from",
        "decode_base64_field": "script",
        "decode_cef": "grok",
        "decode_csv_fields": "csv",
        "decode_duration": "script",
        "decode_json_fields": "json",
        "dissect": "dissect",
        "drop_fields": "remove",
        "extract_array": "set",
        "fingerprint": "fingerprint",
        "include_fields": "remove with keep",
        "lowercase": "lowercase",
        "move_fields": "rename",
        "now": "set with {{_ingest.timestamp}}",
        "registered_domain": "registered_domain",
        "rename": "rename",
        "replace": "gsub",
        "script": "script",
        "syslog": "grok",
        "timestamp": "date",
        "truncate_fields": "script",
        "uppercase": "uppercase",
        "urldecode": "urldecode",
    }
)

REFUSED_PROCESSORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: f"Remove it; in the ingest pipeline logs-aoai.logs@custom, use the processor {instead}."
        for name, instead in _PIPELINE.items()
    }
    | dict.fromkeys(
        (
            "add_cloud_metadata",
            "add_cloudfoundry_metadata",
            "add_docker_metadata",
            "add_formatted_index",
            "add_host_metadata",
            "add_kubernetes_metadata",
            "add_locale",
            "add_nomad_metadata",
            "add_observer_metadata",
            "add_process_metadata",
            "add_session_metadata",
        ),
        _HOST,
    )
    | dict.fromkeys(
        (
            "cache",
            "decode_xml",
            "decode_xml_wineventlog",
            "detect_mime_type",
            "dns",
            "parse_aws_vpc_flow_log",
            "translate_ldap_attribute",
            "translate_sid",
        ),
        _NOTHING,
    )
    | {
        "add_id": "Every document has an id that is made of its place in the hub; remove it.",
        "add_labels": "Write add_fields with target: labels.",
        "decompress_gzip_field": "Events with gzip are unpacked anyway; remove it.",
        "rate_limit": "Nothing is dropped to be slower: the hub keeps what Elasticsearch cannot take yet; remove it.",
        "if": "Write when: below the processor itself.",
        "then": "Write when: below the processor itself.",
        "else": "Write a second processor, with not: in its when.",
    }
)

REFUSED_CONDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "regexp": "Write contains: a pattern could take longer than the record is worth, so none is tried here.",
        "network": "Write equals: no field holds an address before the ingest pipeline.",
    }
)
