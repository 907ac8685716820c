"""docs/azure-setup.md names what the templates make: categories, their prices, roles, containers, rules and files."""

import re
from pathlib import Path

from plugins.bicep import read_template

from collector.delivery.routing import DATASET_OF

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "azure"
PAGE = (ROOT / "docs" / "azure-setup.md").read_text(encoding="utf-8")
MAIN = read_template(FOLDER / "main.bicep")
WORDS = {"one": 1, "two": 2, "three": 3}


def rows(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without the table's own."""
    table = PAGE[PAGE.index(f"\n## {heading}") :].split("\n|", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:]]


def categories(parameter: str) -> list[str]:
    return [MAIN.value(each) for each in MAIN.parameters[parameter].default]


def test_the_table_of_categories_is_that_of_the_templates() -> None:
    named = [row[1].strip("`") for row in rows("6. Diagnostic settings")]
    made = [each for name in MAIN.parameters if name.endswith("Categories") for each in categories(name)]
    assert named == made
    assert sorted(named) == sorted(DATASET_OF)


def test_the_templates_say_of_as_many_categories_as_the_page_that_they_are_charged() -> None:
    charged = {row[1].strip("`") for row in rows("6. Diagnostic settings") if row[-1] == "yes"}
    for name, parameter in MAIN.parameters.items():
        if not name.endswith("Categories"):
            continue
        words = re.findall(r"charges for the export of (?:the last|all) (\w+)", parameter.decorators["description"])
        last = categories(name)[-WORDS[words[0]] :]
        assert [each for each in categories(name) if each in charged] == last


def test_the_roles_are_those_that_the_permissions_page_gives() -> None:
    permissions = (ROOT / "docs" / "azure-permissions.md").read_text(encoding="utf-8")
    roles = [row[-1] for row in rows("5. Roles")]
    assert len(roles) == len(set(roles)) == 3
    assert [role for role in roles if f"**{role}**" not in permissions] == []


def test_what_is_made_by_hand_has_the_values_of_the_templates() -> None:
    hub = {row[0]: row[1] for row in rows("1. An Event Hubs namespace")}
    default = {name: MAIN.value(each.default) for name, each in MAIN.parameters.items() if not each.required}
    assert hub["partitions"] == str(default["partitionCount"])
    assert hub["retention"] == f"{default['retentionHours'] // 24} days"
    assert hub["throughput units"] == (
        f"{default['throughputUnits']}, with auto-inflate up to {default['maximumThroughputUnits']}"
    )
    assert f"`{default['eventHubName']}`" in hub["event hub"]
    assert f"add `{default['consumerGroupName']}`" in PAGE
    store = {row[0]: row[1] for row in rows("3. A storage account")}
    assert store["containers"] == f"`aoai-{default['eventHubName']}` and `aoai-metrics`"


def test_every_file_that_the_templates_page_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (FOLDER / link).exists()] == []
