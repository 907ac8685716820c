"""The labelled corpus, every item in every shape of a body, whole and cut, at both levels that hold something back."""

import json
from collections.abc import Iterator
from itertools import batched

import pytest
from plugins.corpus_bodies import SeededBody, found_in, gateway_record, seed_bodies, shapes
from plugins.labelled_corpus import SIZE, Item, make_corpus

from collector.events import Record
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, TextRedactor

KEY = b"k" * 32
CORPUS = make_corpus()
FOUND = [item for item in CORPUS if item.kind]
HARMLESS = [item for item in CORPUS if item.kind is None]
Level = MetadataLevel | RedactedLevel


@pytest.fixture
def redacted() -> Level:
    return RedactedLevel(KEY, TextRedactor(PATTERNS).redact)


def values_of(bodies: tuple[SeededBody, ...]) -> set[str]:
    return set[str]().union(*(body.values for body in bodies))


def applied(level: Level, bodies: tuple[SeededBody, ...]) -> str:
    """What leaves of a record with these bodies."""
    text = json.dumps(gateway_record(0, [body.text for body in bodies]), ensure_ascii=False)
    out = level.apply(Record(text))
    assert isinstance(out, Record)
    return out.text


def leaving(level: Level, items: list[Item], *, cut: bool) -> Iterator[tuple[SeededBody, set[str]]]:
    """Each body with what leaves of its items; six bodies share a record."""
    for bodies in batched(seed_bodies(items, cut=cut), 6):
        found = found_in(applied(level, bodies), values_of(bodies))
        yield from ((body, found & body.values) for body in bodies)


def test_the_search_finds_every_item_in_every_shape_as_it_came() -> None:
    found: dict[str, set[str]] = {}
    for body in seed_bodies(CORPUS, cut=False):
        found.setdefault(body.shape, set()).update(found_in(body.text, body.values))
    values = {item.value or item.text for item in CORPUS}
    assert len(CORPUS) == SIZE
    assert len(found) == len(shapes()) > 30
    assert {shape: len(values - held) for shape, held in found.items() if values - held} == {}


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_at_metadata_none_of_the_corpus_leaves(cut: bool) -> None:
    left = leaving(MetadataLevel(KEY), CORPUS, cut=cut)
    assert [(body.shape, values, body.text) for body, values in left if values] == []


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_at_redacted_99_percent_of_the_secrets_stay_inside_in_every_shape(cut: bool, redacted: Level) -> None:
    missed: dict[str, set[str]] = {}
    for body, values in leaving(redacted, FOUND, cut=cut):
        missed.setdefault(body.shape, set()).update(values)
    assert {shape: values for shape, values in missed.items() if len(values) > len(FOUND) * 0.01} == {}


def test_at_redacted_at_most_one_harmless_text_in_two_hundred_is_touched_in_any_shape(redacted: Level) -> None:
    touched: dict[str, set[str]] = {}
    for body in seed_bodies(HARMLESS, cut=False):
        gone = body.values - found_in(applied(redacted, (body,)), body.values)
        touched.setdefault(body.shape, set()).update(gone)
    assert {shape: texts for shape, texts in touched.items() if len(texts) > len(HARMLESS) * 0.005} == {}
