"""What a record says is in its document, in whichever data set it landed and however it was damaged.

A value is there when a field holds it, as it was or as a number, or when it is part of a longer text. Left out are
times, which a field holds in another form, what is withheld on purpose (keys and tokens in headers, what is nested too
deep), and bodies, which the tests of bodies follow.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plugins.damage import SEED, is_readable
from plugins.fields_of_documents import leaves

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

DATASETS = ("aoai.logs", "aoai.gateway", "aoai.endpoints")
TIMES = {"time", "enqueuetime", "timegenerated"}
BODIES = {
    "requestbody",
    "responsebody",
    "backendrequestbody",
    "backendresponsebody",
    "requestmessages",
    "responsemessages",
}
SECRETS = {"authorization", "api-key"}
LEFT_OUT = TIMES | BODIES | SECRETS


def said_by(record: object, path: str = "") -> Iterator[object]:
    """The values of a record that its document has to hold, texts of JSON under ``properties`` read."""
    if isinstance(record, str) and path == "properties":
        record = decoded(record)
    if isinstance(record, dict):
        for key, inner in record.items():
            if key.strip().lower() not in LEFT_OUT:
                yield from said_by(inner, key.lower())
    elif isinstance(record, list):
        if "tokens" in path and record and all(isinstance(each, int | str) for each in record):
            return
        for inner in record:
            yield from said_by(inner)
    elif record is not None and (not isinstance(record, str) or any(map(is_visible, record))):
        yield record


def is_visible(letter: str) -> bool:
    return letter.isprintable() and not letter.isspace()


def decoded(text: str) -> object:
    """A JSON text read, and once more when it holds another; any other text as it is."""
    inner: object = text
    for _ in range(2):
        try:
            inner = json.loads(inner) if isinstance(inner, str) else inner
        except ValueError:
            break
    return inner


def forms(value: object) -> set[str]:
    """The ways in which a document may hold a value."""
    if isinstance(value, str):
        text = value.lower()
        try:
            return {text, *forms(float(text))}
        except ValueError:
            return {text}
    if isinstance(value, float) and abs(value) < 2**63:
        return {repr(value), str(int(value)), repr(float(int(value)))}
    return {json.dumps(value)}


def lost(record: Document, document: Document) -> list[object]:
    if document["azure"]["open_ai"].get("raw_truncated"):
        return []
    held = {form for _, value in leaves(document) for form in forms(value)}
    written = json.dumps(document, ensure_ascii=False).lower()
    return [
        value
        for value in said_by(record)
        if held.isdisjoint(forms(value)) and not any(json.dumps(form)[1:-1] in written for form in forms(value))
    ]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_golden_record_loses_nothing_in_any_data_set(
    dataset: str,
    golden_records: dict[str, Document],
    as_collected: Callable[..., Document],
    process_all: Callable[[list[Document]], list[Document]],
) -> None:
    sent = [as_collected(json.dumps(record), dataset, ("content_full",)) for record in golden_records.values()]
    made = dict(zip(golden_records, process_all(sent), strict=True))
    found = {name: lost(golden_records[name], document) for name, document in made.items()}
    assert {name: values for name, values in found.items() if values} == {}


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_damaged_record_loses_nothing_in_any_data_set(
    dataset: str,
    damaged_documents: dict[str, list[tuple[str, Document]]],
) -> None:
    for text, document in damaged_documents[dataset]:
        if is_readable(text):
            assert lost(json.loads(text), document) == [], (SEED, text)
