"""Record in, document out: every folder under ``cases`` is one record and the document it must become.

A case holds ``record.json`` (a record), ``message.txt`` (a text, word for word) or ``document.json`` (all that a sender
wrote), and ``expected.json``, written from the specification and the notes on Azure's records, never from the output.
Cases of the gateway are sent at the level ``full`` of the content policy.
A failing case shows its difference line by line. With ``AOAI_GOLDEN_SHOW=DIR`` every document is written to ``DIR``.
``event.ingested`` is left out of the comparison, and so are type and reason in an error message, the engine's words.
"""

import difflib
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plugins.fields_of_documents import Leaf, leaves

from collector import __version__
from collector.assets.catalogue import FieldType, fields_of

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases"
NAMES = sorted(str(path.parent.relative_to(CASES)) for path in CASES.glob("*/*/expected.json"))

DATASETS = {"gateway": "aoai.gateway", "endpoints": "aoai.endpoints"}
"""The data set of a folder of cases; that of the others is aoai.logs."""

NEVER_PROCESSED = {"message"}
"""Besides aoai.endpoints, only documents that met no pipeline have them, and those are no golden ones."""

ONLY_MAPPED = {
    ("aoai.logs", f"azure.open_ai.{field}")
    for field in ("content_filter.blocklists", "cost.total", "properties.product_id")
}
"""Lens refuses a whole chart over a field that no index maps: charts of callers and lists ask all logs for these."""

ONLY_WITH_OWN_PRICES = {("aoai.gateway", "azure.open_ai.cost.pay_as_you_go")}
"""No record of API Management says that a deployment is a provisioned one; the user's own pipeline may."""


def dataset_of(name: str) -> str:
    return DATASETS.get(name.split("/", maxsplit=1)[0], "aoai.logs")


def read_message(folder: Path) -> str:
    if (message := folder / "message.txt").exists():
        return message.read_text()
    return json.dumps(json.loads((folder / "record.json").read_text()), ensure_ascii=False, separators=(",", ":"))


def read_input(name: str, as_collected: Callable[..., Document]) -> Document:
    folder = CASES / name
    if (document := folder / "document.json").exists():
        return json.loads(document.read_text())
    dataset = dataset_of(name)
    tags = ("content_full",) if dataset == "aoai.gateway" else ()
    return as_collected(read_message(folder), dataset, tags)


def read_expected(name: str) -> Document:
    return json.loads((CASES / name / "expected.json").read_text())


def comparable(document: Document) -> Document:
    """The document without what differs from run to run and from engine to engine."""
    document["event"].pop("ingested")
    if document["event"].get("kind") == "pipeline_error":
        document["error"]["message"] = [
            re.sub(
                r"(?s)^Processor \w+ (.*?) failed with message: .+$",
                r"Processor <type> \1 failed with message: <reason>",
                text,
            ).replace(f"-{__version__}", "-<version>")
            for text in document["error"]["message"]
        ]
    return document


def difference(expected: Document, actual: Document) -> str:
    before, after = (json.dumps(side, indent=2, sort_keys=True, ensure_ascii=False) for side in (expected, actual))
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), "expected", "actual", lineterm=""))


@pytest.mark.parametrize("name", NAMES)
def test_a_record_becomes_its_expected_document(
    name: str, as_collected: Callable[..., Document], process: Callable[[Document], Document]
) -> None:
    actual = comparable(process(read_input(name, as_collected)))
    if folder := os.environ.get("AOAI_GOLDEN_SHOW"):
        shown = Path(folder) / f"{name}.json"
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(json.dumps(actual, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    changes = difference(read_expected(name), actual)
    assert not changes, f"\n{changes}"


def test_the_data_stream_accepts_every_golden_document(
    as_collected: Callable[..., Document],
    send: Callable[..., list[Document]],
    logs_pipeline: str,
    scratch_namespace: str,
) -> None:
    refused = {}
    for dataset in {dataset_of(name) for name in NAMES}:
        names = [name for name in NAMES if dataset_of(name) == dataset]
        items = send([read_input(name, as_collected) for name in names], scratch_namespace, dataset)
        refused |= {name: item for name, item in zip(names, items, strict=True) if item["status"] != 201}
    assert not refused


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_document_has_only_fields_of_the_catalogue(name: str, misfits: Callable[..., list[Leaf]]) -> None:
    assert misfits(read_expected(name), dataset_of(name)) == []


@pytest.mark.parametrize("dataset", ["aoai.logs", "aoai.gateway", "aoai.endpoints"])
def test_a_document_that_went_through_before_stays_as_it_is(
    dataset: str, process_all: Callable[[list[Document]], list[Document]]
) -> None:
    """As in a reindex. One that still has its original, or was never read, is made again."""
    documents = [read_expected(name) for name in NAMES if dataset_of(name) == dataset]
    done = [each for each in documents if "original" not in each["event"] and each["event"]["kind"] != "pipeline_error"]
    again = process_all(done)
    for document in again:
        document["event"].pop("ingested")
    assert again == done


@pytest.mark.parametrize("dataset", ["aoai.logs", "aoai.gateway", "aoai.endpoints"])
def test_every_field_of_a_data_set_is_in_some_golden_document_of_it(dataset: str) -> None:
    documents = [read_expected(name) for name in NAMES if dataset_of(name) == dataset]
    seen = {field for document in documents for field, _ in leaves(document)} | {"event.ingested"}
    missing = {
        field.name
        for field in fields_of(dataset)
        if field.type is not FieldType.OBJECT and field.name not in NEVER_PROCESSED
        if (dataset, field.name) not in ONLY_MAPPED | ONLY_WITH_OWN_PRICES
        if not any(other == field.name or other.startswith(f"{field.name}.") for other in seen)
    }
    assert not missing


def test_there_are_enough_cases_of_every_data_set() -> None:
    cases = Counter(dataset_of(name) for name in NAMES)
    assert cases.total() >= 80
    assert cases.keys() == {"aoai.logs", "aoai.gateway", "aoai.endpoints"}


def test_a_document_tells_when_the_pipeline_saw_it(
    as_collected: Callable[..., Document], process: Callable[[Document], Document]
) -> None:
    assert process(as_collected("{}"))["event"]["ingested"].endswith("Z")


def test_a_pipeline_error_names_processor_tag_pipeline_and_reason(
    as_collected: Callable[..., Document], process: Callable[[Document], Document], logs_pipeline: str
) -> None:
    (message,) = process(as_collected("nonsense"))["error"]["message"]
    beginning = f"Processor json with tag json_event_original in pipeline {logs_pipeline}-parse failed with message: "
    assert message.startswith(beginning)
    assert "Unrecognized token" in message
