"""Golden records, damaged at random: each becomes a document of every data set, and every document can be stored.

What a pipeline cannot read (a text that is no JSON object, or has a key twice) it keeps whole.
"""

import re
from collections.abc import Callable
from itertools import batched
from typing import Any

import pytest
from plugins.damage import SEED, is_readable

type Document = dict[str, Any]
type Made = dict[str, list[tuple[str, Document]]]

pytestmark = pytest.mark.engine

DATASETS = ("aoai.logs", "aoai.gateway", "aoai.endpoints")
ERROR = re.compile(
    r"(?s)Processor \w+ with tag [a-z][a-z_]* in pipeline logs-aoai\.[a-z]+-[\w.]+(-[a-z]+)? failed with message: .+"
)


def errors_of(document: Document) -> list[str]:
    """The messages of a pipeline error; none for a document whose record was read."""
    return document["error"]["message"] if document["event"]["kind"] == "pipeline_error" else []


@pytest.mark.parametrize("dataset", DATASETS)
def test_whatever_can_be_read_is_read(dataset: str, damaged_documents: Made) -> None:
    for text, document in damaged_documents[dataset]:
        assert document["event"]["kind"] in {"event", "metric", "pipeline_error"}, (SEED, text)
        assert not (is_readable(text) and errors_of(document)), (SEED, text)
        assert "_tmp" not in document, (SEED, text)


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_cannot_be_read_is_kept_whole(dataset: str, damaged_documents: Made) -> None:
    unread = [(text, document) for text, document in damaged_documents[dataset] if errors_of(document)]
    assert len(unread) > len(damaged_documents[dataset]) // 50
    assert [text for text, document in unread if document["event"].get("original") != text] == [], SEED


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_pipeline_error_names_processor_tag_pipeline_and_reason(dataset: str, damaged_documents: Made) -> None:
    messages = [message for _, document in damaged_documents[dataset] for message in errors_of(document)]
    assert messages
    assert [message for message in messages if not ERROR.fullmatch(message)] == [], SEED


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_damage_makes_a_field_or_a_type_that_the_catalogue_has_not(
    dataset: str, damaged_documents: Made, misfits: Callable[..., list[tuple[str, object]]]
) -> None:
    for text, document in damaged_documents[dataset]:
        assert misfits(document, dataset) == [], (SEED, text)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_document_of_a_damaged_record_is_stored(
    dataset: str,
    stored_texts: dict[str, list[str]],
    as_collected: Callable[..., Document],
    send: Callable[..., list[Document]],
    scratch_namespace: str,
) -> None:
    for texts in batched(stored_texts[dataset], 250):
        documents = [as_collected(text, dataset, ("content_full",)) for text in texts]
        items = send(documents, scratch_namespace, dataset, refresh=False)
        refused = [(text, item) for text, item in zip(texts, items, strict=True) if item["status"] != 201]
        assert refused == [], SEED
