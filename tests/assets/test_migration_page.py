"""docs/migration.md: every field, data stream and dashboard that it names is there, and what it calls new is new."""

import re
from pathlib import Path

import yaml

from collector.assets.catalogue import Origin, load_catalogue
from collector.assets.templates import DATASETS, GATEWAY
from collector.azure_monitor.metrics import load_metrics

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "migration.md").read_text(encoding="utf-8")
FIELDS = {field.name: field for field in load_catalogue()}


def rows(head: str) -> list[list[str]]:
    """The rows of the table with these headings."""
    table = PAGE.split(f"\n| {head} |\n", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[1:]]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_a_field_that_means_something_else_is_one_that_elastics_package_has_too() -> None:
    named = [code for row in rows("field | Elastic's | here") for code in codes(row[0])]
    assert named
    assert [name for name in named if FIELDS[name].origin not in {Origin.ELASTIC, Origin.ECS}] == []


def test_a_field_that_is_new_is_not_elastics() -> None:
    named = [code for row in rows("to ask | there are") for code in codes(row[1])]
    assert named
    assert [name for name in named if FIELDS[name].origin is Origin.ELASTIC] == []


def test_every_data_stream_of_ours_is_named() -> None:
    named = {code.removesuffix("-*") for row in rows("| Elastic's | here") for code in codes(row[2])}
    ours = {dataset.stream for dataset in DATASETS}
    assert ours <= named
    assert {name for name in named if re.match(r"(logs|metrics)-", name)} - ours == {"metrics-aoai.collector"}
    assert [each for each in DATASETS if each.retention] == [GATEWAY]


def test_every_metric_of_elastics_package_has_a_field() -> None:
    elastics = [metric for metric in load_metrics() if metric.elastic]
    assert len(elastics) == 12
    assert [metric.name for metric in elastics if not any(name.startswith(f"{metric.field}.") for name in FIELDS)] == []


def test_the_dashboard_and_searches_that_it_says_so_of_read_both() -> None:
    sources = Path(__file__).parents[2] / "dashboards"
    searches = yaml.safe_load((sources / "searches.yml").read_text(encoding="utf-8"))["searches"]
    calls = {each["id"]: each["query"] for each in searches if "aoai.endpoints" not in each["query"]}
    assert len(calls) >= 5
    assert [name for name, query in calls.items() if '"azure_openai.logs"' not in query] == []
    assert '"azure_openai.logs"' in (sources / "overview.yml").read_text(encoding="utf-8")


def test_no_rule_reads_elastics_documents() -> None:
    rules = [path for folder in ("rules", "slos") for path in (DOCS.parent / "dashboards" / folder).glob("*.yml")]
    assert len(rules) > 10
    assert [rule.name for rule in rules if "azure_openai.logs" in rule.read_text(encoding="utf-8")] == []
