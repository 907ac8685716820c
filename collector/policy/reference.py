"""Writes the reference of the policy from its model: a page for people, a JSON schema for editors.

Promises: `docs/configuration.md` and `docs/policy.schema.json` hold every key with its type, default, reason and
example, and nothing that the model does not hold. ``python -m collector.policy.reference`` rewrites both; a test
fails when they are stale.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from collector.policy.azure_login import AzureSsl
from collector.policy.azure_metrics import AzureMetricsInput, AzureMetricsStream, MetricsDataStream
from collector.policy.elasticsearch import Backoff, ElasticsearchOutput
from collector.policy.event_hub import DataStream, EventHubInput, EventHubStream
from collector.policy.ignored_keys import OTHER_FILES
from collector.policy.input_kinds import AZURE_METRICS, EVENT_HUB, InputKind
from collector.policy.model import TopLevel
from collector.policy.monitoring import Agent, Monitoring, MonitoringHttp
from collector.policy.section import Section, default_of, derived_of, example_of, kind_of, reason_of, section_of
from collector.policy.tls import Ssl

DOCS = Path(__file__).parents[2] / "docs"

_CHAPTERS: tuple[tuple[str, type[Section]], ...] = (
    ("The file", TopLevel),
    ("Output `elasticsearch`: `outputs.NAME`", ElasticsearchOutput),
    ("`outputs.NAME.ssl`", Ssl),
    ("`outputs.NAME.backoff`", Backoff),
    ("`agent`", Agent),
    ("`agent.monitoring`", Monitoring),
    ("`agent.monitoring.http`", MonitoringHttp),
    ("Input `azure-eventhub`: `inputs[]`", EventHubInput),
    ("`inputs[].streams[]`", EventHubStream),
    ("`inputs[].data_stream` and `inputs[].streams[].data_stream`", DataStream),
    ("Input `azure/metrics`: `inputs[]`", AzureMetricsInput),
    ("`inputs[].streams[]` of `azure/metrics`", AzureMetricsStream),
    ("`inputs[].data_stream` and `inputs[].streams[].data_stream` of `azure/metrics`", MetricsDataStream),
    ("`inputs[].streams[].ssl`", AzureSsl),
)

# What stands before the tables: the rules for the whole file.
_INTRODUCTION = Path(__file__).with_name("introduction.md")


def render_page() -> str:
    """Return the page for people, as Markdown."""
    chapters = (_render_chapter(title, section) for title, section in _CHAPTERS)
    other = "\n".join(f"- A file with `{key}` at its top is refused. {hint}" for key, hint in OTHER_FILES.items())
    return f"{_INTRODUCTION.read_text(encoding='utf-8')}\n{'\n'.join(chapters)}\n## Other files\n\n{other}\n"


def render_schema() -> str:
    """Return the JSON schema (draft 2020-12) of a policy file; keys that are not used are allowed in it."""
    schema = _describe_section(TopLevel)
    schema["properties"]["outputs"] = {"type": "object", "additionalProperties": _describe_typed(ElasticsearchOutput)}
    kinds = [_describe_input(kind) for kind in (EVENT_HUB, AZURE_METRICS)]
    schema["properties"]["inputs"] = {
        "type": "array",
        "items": {"type": "object", "required": ["type"], "allOf": kinds},
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy of aoai-collector"}
    return json.dumps(head | schema, indent=2, ensure_ascii=False) + "\n"


def write_reference(folder: Path) -> None:
    """Write both files into the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "configuration.md").write_text(render_page(), encoding="utf-8")
    (folder / "policy.schema.json").write_text(render_schema(), encoding="utf-8")


def _render_chapter(title: str, section: type[Section]) -> str:
    lines = [f"## {title}", "", "| key | takes | default | meaning, and why this default |", "|---|---|---|---|"]
    lines += [_render_row(key, field) for key, field in section.model_fields.items()]
    lines += _render_list("Accepted and not used, because:", section.ignored_keys)
    lines += _render_list("Refused:", section.refused_keys)
    return "\n".join([*lines, ""])


def _render_row(key: str, field: FieldInfo) -> str:
    kind = kind_of(field)
    takes = kind.describe() if kind else "keys of its own, see below"
    reason = reason_of(field)
    meaning = f"{field.description} *{reason[:1].upper()}{reason[1:]}.*"
    if example_of(field):
        meaning += f" Example: `{key}: {example_of(field)}`"
    cells = (f"`{key}`", takes, _render_default(field), meaning)
    return f"| {' | '.join(cell.replace('|', '\\|') for cell in cells)} |"


def _render_default(field: FieldInfo) -> str:
    if derived_of(field):
        return derived_of(field)
    if field.is_required():
        return "required"
    kind, default = kind_of(field), default_of(field)
    if kind is None or default in (None, (), {}, ""):
        return "-"
    return f"`{yaml.safe_dump(kind.render(default), default_flow_style=True).removesuffix('\n...\n').strip()}`"


def _render_list(title: str, entries: Mapping[str, str]) -> Iterable[str]:
    return ["", title, "", *(f"- `{key}`: {text}" for key, text in entries.items())] if entries else []


def _describe_section(section: type[Section]) -> dict[str, Any]:
    properties = {key: _describe_key(field) for key, field in section.model_fields.items()}
    properties |= {key: _describe_key(section.model_fields[name]) for key, name in section.aliases.items()}
    properties |= {key: {"description": f"Not used: {text}."} for key, text in section.ignored_keys.items()}
    required = [key for key, field in section.model_fields.items() if field.is_required() and not derived_of(field)]
    dotted = "|".join(key for key, field in section.model_fields.items() if section_of(field))
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    names = "|".join((*section.ignored_keys, *([dotted] if dotted else [])))
    if names:
        schema["patternProperties"] = {rf"^(?:{names})\.": {}}
    return schema | ({"required": required} if required else {})


def _describe_typed(section: type[Section]) -> dict[str, Any]:
    """Return the schema of an entry whose `type` tells its keys; one of another type may hold anything."""
    kind = section.model_fields["type"]
    condition = {"properties": {"type": _describe_key(kind)}, "required": ["type"]}
    return {"type": "object", "required": ["type"], "if": condition, "then": _describe_section(section)}


def _describe_input(kind: InputKind) -> dict[str, Any]:
    """Return the schema of an input's keys and of its streams', under the condition of its type."""
    described = _describe_typed(kind.input)
    described["then"]["properties"]["streams"] = {"type": "array", "items": _describe_section(kind.stream)}
    return {"if": described["if"], "then": described["then"]}


def _describe_key(field: FieldInfo) -> dict[str, Any]:
    kind, section = kind_of(field), section_of(field)
    schema = kind.json_schema() if kind else _describe_section(section) if section else {}
    schema = {"description": field.description, **schema}
    default = default_of(field)
    if kind is not None and default not in (None, (), {}, "") and not derived_of(field):
        schema["default"] = kind.render(default)
    return schema


if __name__ == "__main__":
    write_reference(DOCS)
