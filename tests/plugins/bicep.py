"""Reads the Bicep files of deploy/azure, which keep to one style: a declaration a line, a value or an opening a line.

No Bicep compiler can be had from a package registry. This knows the grammar that these files use, refuses every other
line, and gives each expression a value where it has one before the deployment; the rest stays a text in angle brackets.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DECORATOR = re.compile(r"@(\w+)\((.*)\)$")
PARAMETER = re.compile(r"param (\w+) (string|int|bool|array)(?: = (.+))?$")
VARIABLE = re.compile(r"var (\w+) = (.+)$")
RESOURCE = re.compile(r"resource (\w+) '([\w./]+)@([\w-]+)'( existing)? = (\{)$")
MODULE = re.compile(r"module (\w+) '([\w./-]+)' = (.+)$")
OUTPUT = re.compile(r"output (\w+) (string|array) = (.+)$")
LOOP = re.compile(r"\[for (\w+) in (\w+): \{$")
PAIR = re.compile(r"(\w+): (.+)$")
CHOICE = re.compile(r"(.+) \? (\S+) : (\S+)$")
GREATER = re.compile(r"(\w+) > (\w+)$")
LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'")
NAME = re.compile(r"(?<![\w.'])([A-Za-z_]\w*)")
CONSTANTS = {"[]": [], "true": True, "false": False}
FUNCTIONS = ["guid", "last", "resourceGroup", "split", "subscription", "subscriptionResourceId", "tenant"]
WORDS = {*FUNCTIONS, "uniqueString", *CONSTANTS}


class BicepError(Exception):
    """A line that this reader does not know, or a name that nobody declared."""


@dataclass(frozen=True)
class Expression:
    """What is known only in a deployment, or by the names in scope."""

    text: str


@dataclass(frozen=True)
class Loop:
    """``[for VARIABLE in LIST: {...}]``."""

    variable: str
    source: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter with its decorators."""

    type: str
    default: Any
    required: bool
    decorators: dict[str, str]


@dataclass(frozen=True)
class Resource:
    """A resource; of an existing one only name and parent are given."""

    type: str
    version: str
    existing: bool
    body: dict[str, Any]


@dataclass
class Template:
    """One file."""

    path: Path
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    modules: dict[str, tuple[str, Any]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def declared(self) -> set[str]:
        """Every name that an expression may use."""
        return {*self.parameters, *self.variables, *self.resources, *self.modules}

    @property
    def used(self) -> set[str]:
        """The names that expressions do use; loop variables are left out.

        Raises:
            BicepError: one of them is declared nowhere.
        """
        sources = (self.variables, self.outputs, [each.body for each in self.resources.values()])
        found = set(names_in((*sources, [body for _, body in self.modules.values()]), frozenset()))
        if unknown := found - self.declared - WORDS:
            raise BicepError(f"{self.path.name}: {sorted(unknown)}")
        return found

    def value(self, given: Any, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return what something is worth, with default parameters where no others are given."""
        defaults = {name: each.default for name, each in self.parameters.items() if not each.required}
        return evaluate(given, defaults | self.variables | dict(parameters or {}))


def read_template(path: Path) -> Template:
    """Read a file.

    Raises:
        BicepError: it has a line that is not known here.
    """
    template, decorators = Template(path), dict[str, str]()
    lines = iter([line for line in path.read_text(encoding="utf-8").splitlines() if not is_idle(line)])
    for line in lines:
        if match := DECORATOR.match(line):
            decorators[match[1]] = match[2]
            continue
        _declare(template, line, lines, decorators)
        decorators = {}
    return template


def is_idle(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("//")


def _declare(template: Template, line: str, lines: Iterator[str], decorators: dict[str, str]) -> None:
    if match := PARAMETER.match(line):
        default = _value(match[3], lines) if match[3] else None
        template.parameters[match[1]] = Parameter(match[2], default, match[3] is None, decorators)
    elif match := VARIABLE.match(line):
        template.variables[match[1]] = _value(match[2], lines)
    elif match := RESOURCE.match(line):
        template.resources[match[1]] = Resource(match[2], match[3], bool(match[4]), _value(match[5], lines))
    elif match := MODULE.match(line):
        template.modules[match[1]] = match[2], _value(match[3], lines)
    elif match := OUTPUT.match(line):
        template.outputs[match[1]] = _value(match[3], lines)
    elif line != "targetScope = 'subscription'":
        raise BicepError(f"{template.path.name}: {line}")


def _value(text: str, lines: Iterator[str]) -> Any:
    """Read the value that begins with this text and goes on in these lines."""
    if text == "{":
        return _read_object(lines, "}")
    if text == "[":
        return list(_items(lines))
    if match := LOOP.match(text):
        return Loop(match[1], match[2], _read_object(lines, "}]"))
    if text in CONSTANTS:
        return CONSTANTS[text]
    if text.isdecimal():
        return int(text)
    if not is_closed(text):
        raise BicepError(text)
    return Expression(text)


def is_closed(text: str) -> bool:
    """Whether every quote and bracket that an expression opens is closed in it."""
    code = LITERAL.sub("", text)
    return "'" not in code and all(code.count(opened) == code.count(closed) for opened, closed in ("()", "[]", "{}"))


def _read_object(lines: Iterator[str], end: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in lines:
        if line.strip() == end:
            return found
        match = PAIR.match(line.strip())
        if match is None or match[1] in found:
            raise BicepError(line)
        found[match[1]] = _value(match[2], lines)
    raise BicepError(f"{end} is missing")


def _items(lines: Iterator[str]) -> Iterator[Any]:
    for line in lines:
        if line.strip() == "]":
            return
        yield _value(line.strip(), lines)
    raise BicepError("] is missing")


def names_in(value: Any, bound: frozenset[str]) -> Iterator[str]:
    """Yield the names that a value uses, but for those that a loop binds."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from names_in(each, bound)
    elif isinstance(value, Loop):
        yield from {value.source} - bound
        yield from names_in(value.body, bound | {value.variable})
    elif isinstance(value, Expression):
        code = LITERAL.sub(lambda match: " ".join(re.findall(r"\$\{(.+?)\}", match[1])), value.text)
        yield from set(NAME.findall(code)) - bound


def evaluate(given: Any, scope: Mapping[str, Any]) -> Any:
    """Return what something is worth with these names."""
    if isinstance(given, dict):
        return {key: evaluate(each, scope) for key, each in given.items()}
    if isinstance(given, list):
        return [evaluate(each, scope) for each in given]
    if isinstance(given, Loop):
        return [evaluate(given.body, {**scope, given.variable: each}) for each in evaluate(scope[given.source], scope)]
    return _evaluate_text(given.text, scope) if isinstance(given, Expression) else given


def _evaluate_text(text: str, scope: Mapping[str, Any]) -> Any:
    if match := CHOICE.match(text):
        return _evaluate_text(match[2] if _evaluate_text(match[1], scope) else match[3], scope)
    if match := GREATER.match(text):
        return _evaluate_text(match[1], scope) > _evaluate_text(match[2], scope)
    if match := LITERAL.fullmatch(text):
        return re.sub(r"\$\{(.+?)\}", lambda part: str(_evaluate_text(part[1], scope)), match[1]).replace("\\'", "'")
    if text.isdecimal():
        return int(text)
    return evaluate(scope[text], scope) if text in scope else f"<{text}>"
