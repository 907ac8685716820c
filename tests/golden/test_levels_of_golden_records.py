"""A level of the content policy takes texts and nothing else: golden records through the collector's own levels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plugins.fields_of_documents import leaves
from plugins.told_bodies import LEVELS, apply_level

from collector.assets.catalogue import Privacy, load_catalogue

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases" / "gateway"
CONTENT = {field.name for field in load_catalogue() if field.privacy is Privacy.CONTENT}

TREATED_BEFORE = {"stream_joined_by_the_collector"}
"""What the collector wrote before is no record that it gets."""
ODD = {"no_bodies_and_odd_values", "address_looked_up_before"}
"""Addresses with blanks in them are none."""
WITHHELD = {"azure.open_ai.mcp.session_id"}
"""Half a key: at ``metadata`` it is a hash."""
IN_WORDS = {("throttled_by_the_model", "azure.open_ai.retry_after")}
"""Said in the words of an error only, which ``metadata`` takes away; no header says it."""


def beside_texts(document: Document, case: str) -> list[tuple[str, str]]:
    """All values of a document that are no text of people's, nor its length or hash."""
    left_out = CONTENT | WITHHELD | {"tags", "event.ingested"}
    return sorted(
        (name, json.dumps(value))
        for name, value in leaves(document, whole=CONTENT)
        if name not in left_out and not name.endswith(("_length", "_hash")) and (case, name) not in IN_WORDS
    )


@pytest.mark.parametrize("level", [level for level in LEVELS if level != "full"])
def test_a_level_takes_texts_and_nothing_else(
    level: str, as_collected: Callable[..., Document], process_all: Callable[[list[Document]], list[Document]]
) -> None:
    names = sorted({path.parent.name for path in CASES.glob("*/record.json")} - TREATED_BEFORE - ODD)
    records = [json.loads((CASES / name / "record.json").read_text()) for name in names]
    tags = (f"content_{level}",)
    made = process_all([as_collected(apply_level(record, level), "aoai.gateway", tags) for record in records])
    for name, document in zip(names, made, strict=True):
        expected = beside_texts(json.loads((CASES / name / "expected.json").read_text()), name)
        found = beside_texts(document, name)
        missing, more = (
            [each for each in expected if each not in found],
            [each for each in found if each not in expected],
        )
        assert (missing, more) == ([], []), name
