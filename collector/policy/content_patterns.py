"""Patterns of a user's own: names, each with an expression for what the level ``redacted`` must not let out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, override

from collector.policy.expressions import Expression, ExpressionError
from collector.policy.kinds import Kind
from collector.policy.problems import RefusedError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MOST_PATTERNS = 100
_SYNTAX = "https://github.com/google/re2/wiki/Syntax"


@dataclass(frozen=True)
class PatternsByName(Kind):
    """Names, each with an RE2 expression that matches something but not the empty text."""

    @override
    def check(self, value: object) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise RefusedError("is not a mapping", "Write each as name: 'pattern', on its own line.")
        patterns = cast("Mapping[str, object]", value)
        if len(patterns) > _MOST_PATTERNS:
            raise RefusedError(
                f"has more than {_MOST_PATTERNS} patterns", "Join those that mean the same with | into one."
            )
        return {name: _check_pattern(name, pattern) for name, pattern in patterns.items()}

    @override
    def describe(self) -> str:
        return f"mapping of names to [RE2]({_SYNTAX}) expressions"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
            "additionalProperties": {"type": "string", "minLength": 1},
            "maxProperties": _MOST_PATTERNS,
        }


def _check_pattern(name: str, pattern: object) -> str:
    if not _NAME.fullmatch(name):
        raise RefusedError(
            f"`{name}` cannot name a pattern", "Write up to 32 lower-case letters, digits and _, such as employee_id."
        )
    if not isinstance(pattern, str) or not pattern:
        raise RefusedError(f"the pattern `{name}` is not a text", "Write the expression in single quotes.")
    try:
        expression = Expression(pattern)
    except ExpressionError as error:
        raise RefusedError(
            f"the pattern `{name}` is no RE2 expression: {error}",
            f"RE2 has no look-around and no back-references; see {_SYNTAX}.",
        ) from None
    if expression.matches_nothing():
        raise RefusedError(f"the pattern `{name}` matches the empty text", "Write what must stand there at least.")
    return pattern
