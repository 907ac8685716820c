"""KQL: what Kibana's grammar says a text means, and which query Kibana makes of it (`kbn-es-query`)."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.assets.panels.kql import translate_kql
from collector.assets.panels.kql_parsing import And, Comparison, Is, Node, Not, Or, parse_kql
from collector.assets.panels.model import UnknownPanelFeatureError

SPECIAL = '\\():<>"*{}'
# No letters of or, and, not: how those are told from words is tested by name.
LETTERS = "xyz019._-@/ äß" + SPECIAL

texts = st.text(LETTERS, max_size=8).map(str.strip)
words = texts.filter(bool)
quoted = st.builds(Is, words, st.tuples(st.text(LETTERS, max_size=8)), st.just(value=True))
unquoted = st.builds(Is, words, st.tuples(words))
wildcards = st.builds(Is, words, st.lists(texts, min_size=2, max_size=4).map(tuple))
comparisons = st.builds(Comparison, words, st.sampled_from(["lt", "lte", "gt", "gte"]), words)
nodes: st.SearchStrategy[Node] = st.recursive(
    quoted | unquoted | wildcards | comparisons,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
    ),
    max_leaves=8,
)


def escape(text: str, special: str) -> str:
    return "".join(f"\\{char}" if char in special else char for char in text)


def write(node: Node, dice: random.Random) -> str:
    """Write a query in one of the ways in which it can be written."""
    space = dice.choice(["", " ", "\n "])
    match node:
        case Or(parts):
            return dice.choice([" or ", " OR ", "\tor  "]).join(grouped(part, dice, Or) for part in parts)
        case And(parts):
            return dice.choice([" and ", " AND ", " \nAnd "]).join(grouped(part, dice, Or, And) for part in parts)
        case Not(part):
            return dice.choice(["not ", "NOT  "]) + grouped(part, dice, Or, And, Not)
        case Comparison(field, operator, value):
            sign = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[operator]
            return f"{literal(field, dice)}{space}{sign}{space}{literal(value, dice)}"
        case Is(field, pieces, is_quoted):
            value = in_quotes("".join(pieces)) if is_quoted else "*".join(escape(piece, SPECIAL) for piece in pieces)
            return f"{literal(field, dice)}{space}:{space}{value}"


def grouped(node: Node, dice: random.Random, *needs_parentheses: type) -> str:
    text = write(node, dice)
    return f"({text} )" if isinstance(node, needs_parentheses) or dice.random() < 0.2 else text


def literal(text: str, dice: random.Random) -> str:
    return in_quotes(text) if dice.random() < 0.3 else escape(text, SPECIAL)


def in_quotes(text: str) -> str:
    return f'"{escape(text, '\\"')}"'


class TestParsing:
    """Texts and what they mean."""

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(nodes, st.randoms(use_true_random=False))
    def test_a_query_is_read_as_it_was_meant_however_it_is_written(self, node: Node, dice: random.Random) -> None:
        assert parse_kql(write(node, dice)) == node

    def test_nothing_is_no_query(self) -> None:
        assert parse_kql(" \n") is None

    def test_and_binds_closer_than_or(self) -> None:
        assert parse_kql("a:1 or b:2 and not c:3") == Or(
            (Is("a", ("1",)), And((Is("b", ("2",)), Not(Is("c", ("3",))))))
        )

    def test_a_list_of_values_is_about_one_field(self) -> None:
        assert parse_kql("a : (1 or not (2 and 3))") == Or(
            (Is("a", ("1",)), Not(And((Is("a", ("2",)), Is("a", ("3",))))))
        )

    def test_an_unquoted_value_may_have_several_words(self) -> None:
        assert parse_kql("a : quick brown fox or b : orange") == Or(
            (Is("a", ("quick brown fox",)), Is("b", ("orange",)))
        )

    def test_escapes_of_whitespace_and_unicode_are_read(self) -> None:
        assert parse_kql(r"a : x\ty\u00e4\or") == Is("a", ("x\tyäor",))

    def test_a_word_between_queries_has_space_on_both_sides(self) -> None:
        assert parse_kql("a : b or") == Is("a", ("b or",))
        assert parse_kql("or a : b") == Is("or a", ("b",))

    @pytest.mark.parametrize(
        "text",
        [
            "a :",
            "a : not b",
            "a : (b",
            "a : b)",
            'a : "b',
            "not not a : b",
            "a : cannot go",
            "(a : b) c : d",
            "a >= ",
            "a = b",
            "a b",
            "a : null",
            "a* : b",
            "a > 4*",
            "a : { b : c }",
        ],
    )
    def test_what_is_no_kql_or_is_not_translated_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownPanelFeatureError):
            parse_kql(text)


class TestTranslation:
    """The queries of Kibana's own functions."""

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("a : *", {"exists": {"field": "a"}}),
            ("a : b", {"match": {"a": "b"}}),
            ('a : "b c"', {"match_phrase": {"a": "b c"}}),
            ('a : "true"', {"match_phrase": {"a": "true"}}),
            ("a : true", {"match": {"a": True}}),
            ("a : false", {"match": {"a": False}}),
            ("a : 429", {"match": {"a": "429"}}),
            ("a : 4*", {"query_string": {"fields": ["a"], "query": "4*"}}),
            ("a : x\\:y*-z", {"query_string": {"fields": ["a"], "query": "x\\:y*\\-z"}}),
            ("a >= 400", {"range": {"a": {"gte": "400"}}}),
            ('a < "b"', {"range": {"a": {"lt": "b"}}}),
        ],
    )
    def test_a_field_and_its_value(self, text: str, query: dict[str, object]) -> None:
        assert translate_kql(text) == {"bool": {"should": [query], "minimum_should_match": 1}}

    def test_words_between_queries(self) -> None:
        a, b, c = (translate_kql(f"{name} : 1") for name in "abc")

        assert translate_kql("a : 1 and b : 1 or not c : 1") == {
            "bool": {"should": [{"bool": {"filter": [a, b]}}, {"bool": {"must_not": c}}], "minimum_should_match": 1}
        }

    def test_nothing_matches_everything(self) -> None:
        assert translate_kql("") == {"match_all": {}}

    def test_a_date_is_refused(self) -> None:
        with pytest.raises(UnknownPanelFeatureError, match="@timestamp"):
            translate_kql('@timestamp >= "2026-03-10"')
