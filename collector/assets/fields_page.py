"""Writes ``docs/fields.md`` from the catalogue: ``python -m collector.assets.fields_page``."""

import json

from collector.assets.catalogue import CatalogueField, load_catalogue
from collector.assets.files import sources_root

HEADING = """# Fields

Generated from `catalogue/fields.yml` and `collector/azure_monitor/metrics.yml` by
`python -m collector.assets.fields_page`; change those files, not this one.

`Origin` says who named a field: `ecs` the Elastic Common Schema, `otel` OpenTelemetry's conventions for generative AI,
`elastic` Elastic's own `azure` and `azure_openai` packages, `ours` nobody before. `From` names Azure's column in the
record, or several in the order in which they are tried. `Privacy` says what a field can tell: `operational` nothing
about a person, `identity` who called or from where, `content` what was asked or answered.
"""

LONGEST_EXAMPLE = 60

TABLE_HEAD = "| Field | Type | Meaning | From | Example | Privacy | Origin |\n|---|---|---|---|---|---|---|"


def render() -> str:
    """The page: a section for each data set, its fields by name."""
    datasets = sorted({dataset for field in load_catalogue() for dataset in field.datasets}, reverse=True)
    return "\n".join([HEADING, *(_section(dataset) for dataset in datasets)])


def _section(dataset: str) -> str:
    fields = sorted((field for field in load_catalogue() if dataset in field.datasets), key=lambda field: field.name)
    return "\n".join([f"## {dataset}\n", TABLE_HEAD, *(_row(field) for field in fields), ""])


def _row(field: CatalogueField) -> str:
    unit = f" ({field.unit})" if field.unit else ""
    cells = (
        f"`{field.name}`",
        f"{field.type}{unit}",
        field.description,
        field.source or "",
        "" if field.example is None else f"`{_shown(field.example)}`",
        field.privacy,
        field.origin,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shown(example: object) -> str:
    """The example on one line that does not widen the table without end."""
    text = example if isinstance(example, str) else json.dumps(example)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…"


def main() -> None:
    """Write the page into the checkout."""
    page = sources_root() / "docs" / "fields.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
