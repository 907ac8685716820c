"""Evaluates the formula of a Lens column over the values of one row, as Kibana's TinyMath does.

Lens evaluates with ``onError: null``: a value that is missing makes the result None, and a division by zero makes it
None wherever in the formula it is, also where an ``ifelse`` would not take it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from collector.assets.panels.model import UnknownPanelFeatureError

type Number = float | int
type Ast = Mapping[str, Any] | str | Number

_FUNCTIONS: Final[Mapping[str, Callable[[float, float], float | bool]]] = {
    "add": float.__add__,
    "subtract": float.__sub__,
    "multiply": float.__mul__,
    "divide": float.__truediv__,
    "gt": float.__gt__,
    "gte": float.__ge__,
    "lt": float.__lt__,
    "lte": float.__le__,
    "eq": float.__eq__,
}
_TWO: Final = 2
_THREE: Final = 3


class _BrokenFormulaError(Exception):
    """TinyMath would stop here."""


def evaluate(ast: Ast, values: Mapping[str, Number | None]) -> Number | None:
    """Evaluate a formula; a text in it is the id of another column.

    Raises:
        UnknownPanelFeatureError: the formula uses a function that this runner does not know.
    """
    try:
        result = _evaluate(ast, values)
    except (_BrokenFormulaError, ZeroDivisionError):
        return None
    if isinstance(result, bool):
        raise UnknownPanelFeatureError("a formula whose result is true or false")
    return result if result is not None and math.isfinite(result) else None


def _evaluate(ast: Ast, values: Mapping[str, Number | None]) -> Number | bool | None:
    if isinstance(ast, str):
        return values[ast]
    if isinstance(ast, int | float):
        return ast
    if ast["type"] != "function":
        raise UnknownPanelFeatureError(f"a formula with {ast['type']}")
    arguments = [_evaluate(part, values) for part in cast("list[Ast]", ast["args"])]
    return _call(ast["name"], arguments)


def _call(name: str, arguments: list[Number | bool | None]) -> Number | bool | None:
    if name == "ifelse" and len(arguments) == _THREE:
        condition, then, otherwise = arguments
        if not isinstance(condition, bool):
            raise _BrokenFormulaError
        return then if condition else otherwise
    if name not in _FUNCTIONS or len(arguments) != _TWO:
        raise UnknownPanelFeatureError(f"{name} with {len(arguments)} arguments in a formula")
    left, right = arguments
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return None
    return _FUNCTIONS[name](float(left), float(right))
