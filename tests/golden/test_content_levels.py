"""Texts of bodies are in a document only when its sender says that it applied a level of the content policy."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.assets.catalogue import Privacy, load_catalogue

type Document = dict[str, Any]
type Process = Callable[[Document], Document]

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases" / "gateway"
NAMES = sorted(path.parent.name for path in CASES.glob("*/record.json"))
DATASETS = ("aoai.logs", "aoai.gateway", "aoai.endpoints")
LEVELS = ("metadata", "redacted", "full")
PRESERVE = "preserve_original_event"
CUT = '{"category":"GatewayLogs","properties":{"responseBody":"a text that was cut'

OF_BODIES = tuple(f"azure.open_ai.properties.{part}" for part in ("backend_re", "request_m", "response_m"))
TEXT_FIELDS = {
    field.name for field in load_catalogue() if field.privacy is Privacy.CONTENT and field.name.startswith(OF_BODIES)
}


def read_message(name: str) -> str:
    return json.dumps(json.loads((CASES / name / "record.json").read_text()), ensure_ascii=False)


def texts_in(value: object, name: str = "") -> Iterator[str]:
    """The texts of bodies in a document, down to the words of a flattened field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(inner, name if name in TEXT_FIELDS else f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner, name)
    elif isinstance(value, str) and name in TEXT_FIELDS:
        yield value


def read_expected(name: str) -> Document:
    return json.loads((CASES / name / "expected.json").read_text())


def texts_at_full(name: str) -> list[str]:
    """The texts of a case, but for those that API Management says in its own error too."""
    properties = read_expected(name)["azure"]["open_ai"].get("properties", {})
    said = properties.get("last_error", {}).get("message")
    return [text for text in texts_in(read_expected(name)) if len(text) > 4 and text != said]


def test_the_cases_hold_texts_to_look_for() -> None:
    assert sum(bool(texts_at_full(name)) for name in NAMES) >= 20


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_text_that_nobody_treated_is_in_no_document(
    dataset: str, as_collected: Callable[..., Document], process_all: Callable[[list[Document]], list[Document]]
) -> None:
    made = process_all([as_collected(read_message(name), dataset, (PRESERVE,)) for name in NAMES])
    found = {
        name: [text for text in texts_at_full(name) if json.dumps(text, ensure_ascii=False)[1:-1] in written]
        for name, written in zip(NAMES, (json.dumps(document, ensure_ascii=False) for document in made), strict=True)
    }
    assert not {name: texts for name, texts in found.items() if texts}


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_keeps_the_texts_that_its_sender_left(
    level: str, as_collected: Callable[..., Document], process: Process
) -> None:
    document = process(as_collected(read_message("chat"), "aoai.gateway", (f"content_{level}",)))
    assert sorted(texts_in(document)) == sorted(texts_in(read_expected("chat")))


@pytest.mark.parametrize("dataset", ["aoai.logs", "aoai.endpoints"])
def test_a_data_set_of_other_records_keeps_treated_bodies_as_they_came(
    dataset: str, as_collected: Callable[..., Document], process: Process
) -> None:
    open_ai = process(as_collected(read_message("chat"), dataset, ("content_redacted",)))["azure"]["open_ai"]
    sent = json.loads(read_message("chat"))["properties"]
    bodies = {key: value for key, value in sent.items() if key.lower().endswith("body")}
    assert bodies
    assert {key: open_ai["raw"]["properties"][key] for key in bodies} == bodies
    assert "content_removed" not in open_ai


@pytest.mark.parametrize(("tags", "kept"), [((), False), (("content_metadata",), True), (("content_full",), True)])
@pytest.mark.parametrize("message", [read_message("chat"), CUT], ids=["chat", "cut"])
def test_an_original_with_bodies_stays_only_when_they_were_treated(
    tags: tuple[str, ...], kept: bool, message: str, as_collected: Callable[..., Document], process: Process
) -> None:
    made = {dataset: process(as_collected(message, dataset, (*tags, PRESERVE))) for dataset in DATASETS}
    assert {dataset: "original" in document["event"] for dataset, document in made.items()} == dict.fromkeys(made, kept)
    removed = {dataset: "content_removed" in document["azure"].get("open_ai", {}) for dataset, document in made.items()}
    assert removed == dict.fromkeys(made, not kept)


@pytest.mark.parametrize("tags", ["content_full", ["content_ful"], "x", None, [1, None], {"content_full": 1}])
def test_only_the_exact_tag_counts(tags: object, as_collected: Callable[..., Document], process: Process) -> None:
    document = process({**as_collected(read_message("chat"), "aoai.gateway"), "tags": tags})
    assert bool(list(texts_in(document))) is (tags == "content_full")
