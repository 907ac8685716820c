"""docs/sizing.md quotes the benchmark's figures, to within a tenth; a new run of it may move them that far."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "benchmarks" / "results" / "SIZING.md").read_text(encoding="utf-8")
MEASURED = "switched on in Azure | content | documents | on the wire | stored"
TENTH = 0.1


def rows(page: str, head: str) -> list[list[str]]:
    """The rows of the table with these headings."""
    table = page.split(f"| {head} |\n", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[1:]]


def number(text: str) -> float:
    return float(text.split(maxsplit=1)[0].replace(",", ""))


def test_a_throughput_unit_takes_what_its_megabyte_holds() -> None:
    wire = {row[0]: number(row[3]) for row in rows(RESULTS, MEASURED)}
    head = (
        "switched on in Azure | requests a second in one throughput unit "
        "| GB that the hub holds after 7 days of a million requests a day"
    )
    for name, requests, held in rows(PAGE, head):
        assert number(requests) == pytest.approx(1000 / wire[name], rel=TENTH)
        assert number(held) == pytest.approx(7 * wire[name], rel=TENTH)


def test_what_elasticsearch_stores_is_what_was_measured() -> None:
    measured = {(row[0], row[1]): (row[2], number(row[4])) for row in rows(RESULTS, MEASURED)}
    quoted = {
        (row[0], row[1]): (row[2], number(row[3]))
        for row in rows(PAGE, "switched on in Azure | content | documents | stored")
    }
    assert quoted.keys() == measured.keys()
    for key, (documents, stored) in quoted.items():
        assert (documents, stored) == (measured[key][0], pytest.approx(measured[key][1], rel=TENTH))
