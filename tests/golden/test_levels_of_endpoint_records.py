"""Levels of the content policy and online endpoints: a container's output is content, and what a request did is not."""

from collections.abc import Callable
from typing import Any

import pytest
from plugins.fields_of_documents import leaves
from plugins.told_bodies import apply_level

from collector.assets.catalogue import Privacy, load_catalogue

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

CONTENT = {field.name for field in load_catalogue() if field.privacy is Privacy.CONTENT}
IN_WORDS = {"log.level", "event.action", "azure.open_ai.endpoint.name", "url.original", "url.query"}
"""Read from a line of output, the name of an event, or what a caller wrote into an address."""
OTHERWISE = {
    *("endpoints/traffic_wrong_types_stay_raw", "endpoints/traffic_properties_cut"),
    *("endpoints/console_message_an_object", "endpoints/console_level_of_azure_and_of_the_line"),
}
"""What is no column of Azure's is content; a line that is a marker is a text, and names no level of its own."""
WITH_AN_ADDRESS = {"endpoints/console_uvicorn_in_colours"}
"""The address of a caller is personal data."""


@pytest.fixture(scope="session")
def endpoint_records(golden_records: dict[str, Document]) -> dict[str, Document]:
    return {name: record for name, record in golden_records.items() if name.startswith("endpoints/")}


@pytest.fixture(scope="session")
def at_level(
    endpoint_records: dict[str, Document],
    as_collected: Callable[..., Document],
    process_all: Callable[[list[Document]], list[Document]],
) -> Callable[[str], dict[str, Document]]:
    """The documents of the records as they leave the collector at a level, by the names of their cases."""

    def make(level: str) -> dict[str, Document]:
        sent = [apply_level(record, level) for record in endpoint_records.values()]
        made = process_all([as_collected(text, "aoai.endpoints", (f"content_{level}",)) for text in sent])
        return dict(zip(endpoint_records, made, strict=True))

    return make


def test_metadata_keeps_all_but_words(at_level: Callable[[str], dict[str, Document]]) -> None:
    def beside_words(document: Document) -> list[str]:
        left_out = CONTENT | IN_WORDS | {"tags", "event.ingested"}
        return sorted(f"{name}: {value}" for name, value in leaves(document) if name not in left_out)

    full, metadata = at_level("full"), at_level("metadata")
    differing = {name for name in full if beside_words(full[name]) != beside_words(metadata[name])}
    assert differing <= OTHERWISE


def test_metadata_keeps_no_line_of_output(at_level: Callable[[str], dict[str, Document]]) -> None:
    lines = [document["message"] for document in at_level("metadata").values() if "message" in document]
    assert len(lines) > 15
    assert [line for line in lines if not line.startswith(("[text:", "[json:"))] == []


def test_redacted_takes_personal_data_only(at_level: Callable[[str], dict[str, Document]]) -> None:
    full, redacted = at_level("full"), at_level("redacted")
    for document in (*full.values(), *redacted.values()):
        document.pop("tags")
        document["event"].pop("ingested")
    assert {name for name in full if redacted[name] != full[name]} == WITH_AN_ADDRESS
