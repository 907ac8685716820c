"""The package's field file of the collector's own numbers, from the table of its metrics."""

from typing import Final, cast

from collector.assets.files import Body
from collector.assets.health_template import build_component_template
from collector.telemetry.metrics import SCOPES

HEADING: Final = (
    "# Built from the table in collector/telemetry/metrics.py by `aoai-collector build`; change that, not this file.\n"
)
_DESCRIPTIONS: Final = {
    "@timestamp": "When the numbers were read.",
    "data_stream.type": "Type of the data stream.",
    "data_stream.dataset": "Dataset of the data stream.",
    "data_stream.namespace": "Namespace of the data stream.",
    "event.kind": "Always metric.",
    "event.module": "Always aoai.",
    "event.dataset": "Dataset of the data stream.",
    "agent.type": "Always aoai-collector.",
    "agent.name": "Name of the collector's host.",
    "agent.version": "Version of the collector.",
    "agent.ephemeral_id": "New with each start of the collector; its counters begin at 0 with it.",
    "metricset.name": "What the numbers are of: process, output, dead_letter, stream, partition, polling or gap.",
    "labels.output": "Output of the policy.",
    "labels.stream": "Stream of the policy.",
    "labels.partition": "Partition of the event hub.",
    "labels.reason": "Why: of dead letters or of gaps.",
}


def health_entries() -> list[Body]:
    """The entries of the field file, by name."""
    template = cast("Body", build_component_template()["template"])
    mapped = _leaves(cast("Body", cast("Body", template["mappings"])["properties"]))
    helps = {metric.field: metric.help for scope in SCOPES for metric in scope.metrics}
    return [_entry(name, mapping, helps.get(name) or _DESCRIPTIONS[name]) for name, mapping in sorted(mapped.items())]


def _entry(name: str, mapping: Body, description: str) -> Body:
    notes = cast("Body", mapping.get("meta", {}))
    kept = {key: value for key, value in mapping.items() if key not in {"type", "meta", "ignore_malformed"}}
    return {"name": name, "type": mapping["type"], "description": description} | notes | kept


def _leaves(properties: Body, parent: str = "") -> dict[str, Body]:
    """Mappings of the fields that have a type, by dotted name."""
    found: dict[str, Body] = {}
    for name, mapping in cast("dict[str, Body]", properties).items():
        if "properties" in mapping:
            found |= _leaves(cast("Body", mapping["properties"]), f"{parent}{name}.")
        else:
            found[f"{parent}{name}"] = mapping
    return found
