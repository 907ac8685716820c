"""Each pattern finds what it is for and leaves its look-alikes alone; all together do both on the labelled corpus."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.labelled_corpus import SIZE, make_corpus

from collector.events import Record
from collector.policy.content import ContentKeys
from collector.policy.expressions import ExpressionError
from collector.redact.choice import choose_policy
from collector.redact.patterns import PATTERNS, Pattern, TextRedactor

ALL = TextRedactor(PATTERNS)


def name(pattern: Pattern) -> str:
    return f"{pattern.kind}-{PATTERNS.index(pattern)}"


@pytest.fixture(params=PATTERNS, ids=name)
def pattern(request: pytest.FixtureRequest) -> Pattern:
    return request.param


def test_a_pattern_finds_its_examples(pattern: Pattern) -> None:
    redactor = TextRedactor([pattern])
    missed = [text for text in pattern.found if f"[redacted:{pattern.kind}]" not in redactor.redact(f"see {text} now")]
    assert (missed, bool(pattern.found)) == ([], True)


def test_a_pattern_leaves_its_look_alikes(pattern: Pattern) -> None:
    redactor = TextRedactor([pattern])
    texts = [f"see {text} now" for text in pattern.left]
    assert ([redactor.redact(text) for text in texts], bool(texts)) == (texts, True)


def test_a_pattern_finds_an_example_again_and_again_in_one_text(pattern: Pattern) -> None:
    text = "\n".join([pattern.found[0]] * 3)
    assert TextRedactor([pattern]).redact(text).count(f"[redacted:{pattern.kind}]") == 3


def test_on_the_corpus_99_percent_are_found() -> None:
    items = [item for item in make_corpus() if item.kind]
    missed = [item for item in items if item.value in ALL.redact(item.text)]
    assert len(items) == SIZE // 2
    assert len(missed) <= len(items) * 0.01, Counter(item.kind for item in missed)


def test_on_the_corpus_at_most_one_in_two_hundred_is_found_that_is_none() -> None:
    items = [item for item in make_corpus() if item.kind is None]
    wrong = [item.text for item in items if ALL.redact(item.text) != item.text]
    assert len(items) == SIZE // 2
    assert len(wrong) <= len(items) * 0.005, wrong


def test_what_stands_around_a_finding_stays() -> None:
    assert ALL.redact("Grüße an ann@example.com, 東京") == "Grüße an [redacted:email], 東京"


def test_the_first_pattern_to_claim_a_place_keeps_it() -> None:
    assert ALL.redact("https://ann:pw1@203.0.113.7/") == "https://[redacted:url_credentials]@[redacted:ip]/"


@pytest.mark.parametrize(
    "text", ['{\\"mail\\":\\"ann@example.com\\"}', "line\\nann@example.com", "q=ann%40example.com&x"]
)
def test_json_in_json_and_coded_urls_hide_nothing(text: str) -> None:
    assert "example.com" not in ALL.redact(text)


@pytest.mark.parametrize("text", ["", "nothing here", "\ud800 lone surrogate", "\x00\x1f", "🦊" * 1000])
def test_a_text_without_findings_is_the_very_same(text: str) -> None:
    assert ALL.redact(text) is text


@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(), max_size=300))
def test_any_text_is_taken_and_what_was_redacted_stays_so(text: str) -> None:
    once = ALL.redact(text)
    assert ALL.redact(once) == once


@pytest.mark.parametrize(
    "piece", ["1", "4123 ", "a@", ":", "aa=b;", "eyJaaa.", "1.", "+49 ", "https://a:", "password: ", "[A", "\\n"]
)
def test_a_megabyte_of_near_misses_comes_back_as_it_is(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert ALL.redact(text) == text


def test_an_expression_that_is_none_is_refused_with_the_reason() -> None:
    with pytest.raises(ExpressionError, match=r"missing \)"):
        TextRedactor([Pattern("mine", "(a", (), ())])


def test_a_pattern_of_the_policy_works_beside_the_built_in_ones(tmp_path: Path) -> None:
    body = {"messages": [{"role": "user", "content": "E123456 wrote to ann@example.com"}]}
    record = json.dumps({"category": "GatewayLogs", "properties": {"requestBody": json.dumps(body)}})
    keys = ContentKeys(content="redacted", content_patterns={"employee_id": r"E\d{6}"})
    policy = choose_policy(keys, tmp_path)
    assert policy is not None
    applied = policy.apply(Record(record))
    assert isinstance(applied, Record)
    kept = json.loads(json.loads(applied.text)["properties"]["requestBody"])
    assert kept["messages"][0]["content"] == "[redacted:employee_id] wrote to [redacted:email]"
