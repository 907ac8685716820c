"""Formulas as TinyMath evaluates them for Lens (`kbn-tinymath`, `math_fn.ts` with ``onError: null``)."""

from typing import Any

import pytest

from collector.assets.panels.formula import evaluate
from collector.assets.panels.model import UnknownPanelFeatureError

VALUES = {"two": 2, "six": 6.0, "zero": 0, "none": None}


def call(name: str, *arguments: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "args": list(arguments)}


@pytest.mark.parametrize(
    ("ast", "result"),
    [
        ("six", 6.0),
        (7, 7),
        (call("add", "two", "six"), 8),
        (call("subtract", "two", "six"), -4),
        (call("multiply", "two", call("divide", "six", 4)), 3),
        (call("divide", "six", "zero"), None),
        (call("divide", "zero", "zero"), None),
        (call("divide", "none", 1000), None),
        (call("add", "none", "two"), None),
        (call("multiply", 1e308, 10), None),
        (call("ifelse", call("gt", "six", "two"), "two", "none"), 2),
        (call("ifelse", call("lte", "six", "two"), "two", "none"), None),
        (call("ifelse", call("eq", "two", 2), call("gte", 1, 1), 0), UnknownPanelFeatureError),
        (call("ifelse", call("lt", "none", "two"), 1, 2), None),
        # TinyMath works out both: the division that is not taken fails all the same.
        (call("ifelse", call("eq", "zero", 0), 0, call("divide", "six", "zero")), None),
        (call("gt", "six", "two"), UnknownPanelFeatureError),
        (call("sqrt", "six"), UnknownPanelFeatureError),
        (call("add", "two"), UnknownPanelFeatureError),
        ({"type": "namedArgument", "name": "shift", "value": "1d"}, UnknownPanelFeatureError),
    ],
)
def test_a_formula_is_what_tinymath_makes_of_it(ast: Any, result: float | type[Exception] | None) -> None:
    if isinstance(result, type):
        with pytest.raises(result):
            evaluate(ast, VALUES)
    else:
        assert evaluate(ast, VALUES) == result
