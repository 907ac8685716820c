"""One record, spelled in other ways that Azure has, becomes the same document."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

DATASETS = {"gateway": "aoai.gateway", "endpoints": "aoai.endpoints"}


def reordered(value: Any, chance: random.Random) -> Any:
    if isinstance(value, list):
        return [reordered(inner, chance) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: reordered(value[key], chance) for key in chance.sample(list(value), len(value))}


def backwards(record: Document) -> Document:
    return dict(reversed(record.items()))


def shuffled(record: Document) -> Document:
    return reordered(record, random.Random(5))


def with_properties_as_text(record: Document) -> Document:
    if not isinstance(record.get("properties"), dict):
        return record
    return {**record, "properties": json.dumps(record["properties"])}


def with_properties_as_text_in_a_text(record: Document) -> Document:
    text = with_properties_as_text(record)
    return {**text, "properties": json.dumps(text["properties"])} if text != record else record


def with_nulls_and_empty_texts(record: Document) -> Document:
    blank = {"metadata": None, "Note": ""}
    properties = record.get("properties")
    return {**blank, **record} | ({"properties": {**blank, **properties}} if isinstance(properties, dict) else {})


SPELLINGS = [
    backwards,
    shuffled,
    with_properties_as_text,
    with_properties_as_text_in_a_text,
    with_nulls_and_empty_texts,
]


def in_case(change: Callable[[str], str]) -> Callable[[Document], Document]:
    """Keys of the record and of its properties in another case."""

    def spell(record: Document) -> Document:
        properties = record.get("properties")
        inner = (
            {change(key): value for key, value in properties.items()} if isinstance(properties, dict) else properties
        )
        outer = {**record, "properties": inner} if "properties" in record else record
        return {change(key): value for key, value in outer.items()}

    return spell


def first_letter_swapped(key: str) -> str:
    return key[:1].swapcase() + key[1:]


CASES = {"upper": in_case(str.upper), "lower": in_case(str.lower), "first": in_case(first_letter_swapped)}


@pytest.fixture(scope="session")
def documents_of(
    as_collected: Callable[..., Document], process_all: Callable[[list[Document]], list[Document]]
) -> Callable[[dict[str, Document]], dict[str, Document]]:
    """The documents of records, by the names of the golden cases that they come from."""

    def make(records: dict[str, Document]) -> dict[str, Document]:
        made: dict[str, Document] = {}
        for dataset in ("aoai.logs", *DATASETS.values()):
            names = [name for name in records if DATASETS.get(name.split("/")[0], "aoai.logs") == dataset]
            sent = [as_collected(json.dumps(records[name]), dataset, ("content_full",)) for name in names]
            made |= zip(names, process_all(sent), strict=True)
        for document in made.values():
            document["event"].pop("ingested")
        return made

    return make


@pytest.mark.parametrize("spell", SPELLINGS)
def test_a_record_spelled_otherwise_becomes_the_same_document(
    spell: Callable[[Document], Document],
    golden_records: dict[str, Document],
    documents_of: Callable[[dict[str, Document]], dict[str, Document]],
) -> None:
    before = documents_of(golden_records)
    after = documents_of({name: spell(record) for name, record in golden_records.items()})
    assert {name: after[name] for name in before if after[name] != before[name]} == {}


@pytest.mark.parametrize("case", CASES)
def test_keys_in_another_case_become_the_same_document(
    case: str,
    golden_records: dict[str, Document],
    documents_of: Callable[[dict[str, Document]], dict[str, Document]],
) -> None:
    """Of the records all of whose keys have a field; others are kept under Azure's keys, in their case."""
    before = documents_of(golden_records)
    whole = {name: golden_records[name] for name in before if "raw" not in before[name]["azure"]["open_ai"]}
    assert len(whole) > 80
    after = documents_of({name: CASES[case](record) for name, record in whole.items()})
    assert {name: after[name] for name in whole if after[name] != before[name]} == {}


def test_a_record_becomes_the_same_document_each_time(
    golden_records: dict[str, Document], documents_of: Callable[[dict[str, Document]], dict[str, Document]]
) -> None:
    assert documents_of(golden_records) == documents_of(golden_records)
