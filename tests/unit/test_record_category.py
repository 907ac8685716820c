"""The category of a record: one look for what Azure sends, exact for what it does not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.events import categories_of, category_of

COMPACT = (",", ":")


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ('{"category":"GatewayLogs","properties":{}}', "GatewayLogs"),
        ('{"Tenant":"eastus","category":"Audit"}', "Audit"),
        ('{ "category" : "Audit" }', "Audit"),
        ('{"Category":"Audit"}', "Audit"),
        ('{"CATEGORY":"Audit"}', "Audit"),
        ('{"Category":"other","category":"Audit"}', "Audit"),
        ('{"category":"Tr\\u0061ce"}', "Trace"),
        ('{"c\\u0061tegory":"Trace"}', "Trace"),
        ('{"properties":{"category":"inner"},"category":"outer"}', "outer"),
        ('{"a":"{\\"category\\":\\"quoted\\"}","category":"real"}', "real"),
        ('{"x\\"category":"no","category":"real"}', "real"),
        ('{"properties":{"category":"inner"}}', None),
        ('{"a":[{"category":"inner"}]}', None),
        ('{"a":"\\"category\\":\\"quoted\\""}', None),
        ('{"x\\"category":"no"}', None),
        ('{"category":null}', None),
        ('{"category":7}', None),
        ('{"category":["Audit"]}', None),
        ('{"category":""}', ""),
        ("{}", None),
    ],
)
def test_the_category_is_the_records_own(text: str, category: str | None) -> None:
    assert category_of(text) == category


def test_hostile_nesting_before_the_category_is_no_category() -> None:
    assert category_of('{"a":' + "[" * 100_000 + "]" * 100_000 + ',"category":"Audit"}') in {None, "Audit"}


JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.sampled_from(["category", '"category":"x"', '{"category":"x"}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["category", "a", 'x"category', "b\\"]) | st.text(max_size=3), inner, max_size=4
        )
    ),
    max_leaves=12,
)


KEYS = st.sampled_from(["category", "a", 'x"category', "b\\", "properties"])
RECORDS = st.dictionaries(KEYS, JSON, max_size=5)


@given(record=RECORDS, separators=st.sampled_from([COMPACT, (", ", ": ")]), ascii_only=st.booleans())
def test_no_record_fools_the_quick_look(
    record: dict[str, object], separators: tuple[str, str], ascii_only: bool
) -> None:
    expected = record.get("category")
    text = json.dumps(record, separators=separators, ensure_ascii=ascii_only)
    assert category_of(text) == (expected if isinstance(expected, str) else None)


VALUES = st.sampled_from(["Audit", "RequestResponse", "", 'Audit","x', "Audit\\", "Aud\u00eft"])


@given(st.lists(RECORDS | st.fixed_dictionaries({"time": st.integers(), "category": VALUES, "a": JSON}), max_size=6))
def test_a_neighbour_tells_nothing_wrong_of_a_record(records: list[dict[str, object]]) -> None:
    categories = [record.get("category") for record in records]
    told = categories_of([json.dumps(record, separators=COMPACT) for record in records])
    assert told == [category if isinstance(category, str) else None for category in categories]
