"""A difference is said in words that a person can act on."""

import pytest

from collector.assets.setup.differences import describe

CASES = {
    "nothing": ({"a": [1]}, {"a": [1]}, ()),
    "value": ({"a": {"b": 200}}, {"a": {"b": 250}}, ("a.b: 200 -> 250",)),
    "added": ({}, {"a": 1}, ("a: added",)),
    "removed": ({"a": 1}, {}, ("a: removed",)),
    "list": ({"a": [1, 2]}, {"a": [2]}, ("a: [1, 2] -> [2]",)),
    "nothing to something": ({"a": None}, {"a": 1}, ("a: nothing -> 1",)),
    "named object": (
        {"processors": [{"set": {"tag": "x", "value": 1}}, {"set": {"tag": "y"}}]},
        {"processors": [{"set": {"tag": "x", "value": 2}}, {"set": {"tag": "z"}}]},
        ("processors.x.set.value: 1 -> 2", "processors.y: removed", "processors.z: added"),
    ),
    "order": ([{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "a"}], ("value: in another order",)),
    "long value": ({"a": "x" * 80}, {"a": "y"}, (f"a: {'x' * 59}… -> y",)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_difference_has_its_line(case: str) -> None:
    stored, shipped, expected = CASES[case]
    assert describe(stored, shipped) == expected


def test_many_differences_are_counted() -> None:
    lines = describe({str(number): 0 for number in range(9)}, {str(number): 1 for number in range(9)}, most=3)
    assert lines == ("0: 0 -> 1", "1: 0 -> 1", "and 7 more differences")
