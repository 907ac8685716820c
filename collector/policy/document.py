"""Reads the YAML of a policy into plain values, and remembers where each stood.

Promises: only plain YAML is read (texts, numbers, true and false, lists, mappings; anchors and merge keys too); a key
twice in a mapping, a tag, a second document, or a file that unfolds to more than a policy can hold is a problem. No
message of the YAML parser is passed on, since those quote the file. Keys are texts, whatever YAML thinks of them
(``on``, ``1``).
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from collector.policy.problems import PolicyError, Problem
from collector.policy.report import Report
from collector.policy.source_map import KeyPath, SourceMap

type _Pair = tuple[Node, Node]
type Value = str | int | float | bool | list[Value] | dict[str, Value] | None

# A policy of a large installation has some hundred kilobytes; a file above this is another kind of file.
MAXIMUM_FILE_BYTES = 4 * 2**20
# Anchors can make a small file unfold without end ("billion laughs"); 100,000 values are a policy of several thousand
# streams.
MAXIMUM_VALUES = 100_000
# The deepest key of a policy lies at 8; the parser itself gives up at some hundred.
MAXIMUM_DEPTH = 40

_PREFIX = "tag:yaml.org,2002:"
_PLAIN_TAGS = {
    _PREFIX + name for name in ("null", "bool", "int", "float", "str", "timestamp", "map", "seq", "value", "merge")
}
_OCTAL = re.compile(r"[-+]?0[0-9_]+")

# What the YAML parser says -> what is wrong, what to write. The parser's own words quote the file, so they are not
# passed on.
_SYNTAX: tuple[tuple[str, str, str], ...] = (
    ("'\\t' that cannot", "a tab is used to indent", "Indent with spaces."),
    (
        "cannot start any token",
        "a value starts with a character that YAML keeps for itself",
        "Write the value in quotes.",
    ),
    (
        "mapping values are not allowed",
        "a colon stands where no key can be",
        "Check the indentation and the colon of the line before; write text that holds ': ' in quotes.",
    ),
    ("could not find expected ':'", "a key has no colon", "Write key: value, with a blank after the colon."),
    ("undefined alias", "a value starts with *, but there is no anchor of that name", "Write the value in quotes."),
    ("found unexpected end of stream", "a quote is opened and not closed", "Close the quote."),
    ("found unexpected document", "a quote is opened and not closed", "Close the quote."),
    (
        "unknown escape character",
        "a backslash in double quotes starts an unknown escape",
        "Write the text in single quotes.",
    ),
    ("expected ',' or ']'", "a [ is opened and not closed", "Write a comma between values and ] at the end."),
    ("expected ',' or '}'", "a { is opened and not closed", "Write a comma between keys and } at the end."),
    (
        "but found '<block mapping start>'",
        "the indentation does not fit the lines above",
        "Indent keys of one mapping alike.",
    ),
    (
        "expected <block end>",
        "the line does not fit the lines above",
        "Indent keys of one mapping alike, and begin each item of a list with a dash.",
    ),
)


class _ExcessError(Exception):
    """The file unfolds to more than a policy can hold."""


def read_text(path: Path) -> str:
    """Return the text of the file; raise `PolicyError` when it cannot be read or is not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "an unknown reason").lower()
        raise _whole_file(path, f"the policy cannot be read: {reason}", "Check the path given to --policy.") from None
    if len(data) > MAXIMUM_FILE_BYTES:
        raise _whole_file(path, "the file is larger than 4 MiB", "Name a policy; this is another kind of file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PolicyError([Problem(str(path), line, "", "the file is not UTF-8", "Save it as UTF-8.")]) from None


def parse_document(text: str, path: Path) -> tuple[Value, Report]:
    """Return the file's value, and a report that knows the places of its keys and what is wrong so far."""
    try:
        _check_events(text, path)
        # A subclass of SafeLoader reads the nodes; none of its constructors runs.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise PolicyError([_explain_syntax(error, text, path)]) from None
    source = SourceMap()
    report = Report(str(path), source)
    if node is None:
        raise _whole_file(path, "the file is empty", "Write outputs and inputs.")
    try:
        return _Builder(source, report).build(node), report
    except _ExcessError:
        raise _whole_file(
            path, "the file unfolds to more values than a policy can hold", "Write it without anchors (&, *)."
        ) from None


def take_values(value: Value, origin: str) -> Report:
    """Return a report that knows the places of values that were in no file; `origin` says whence they came."""
    source = SourceMap()
    _add_places(source, value, ())
    return Report(origin, source)


def _add_places(source: SourceMap, value: Value, path: KeyPath) -> None:
    inner: Iterable[tuple[str | int, Value]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    source.add(path, 0, value if isinstance(value, str) else None)
    for key, item in inner:
        _add_places(source, item, (*path, key))


def _whole_file(path: Path, what: str, hint: str) -> PolicyError:
    return PolicyError([Problem(str(path), 1, "", what, hint)])


def _check_events(text: str, path: Path) -> None:
    """Raise `PolicyError` for a second document or for nesting deeper than the parser can stand."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAXIMUM_DEPTH:
            raise PolicyError(
                [
                    Problem(
                        str(path), line, "", "the file nests too deep", "Write a policy; its keys lie 8 deep at most."
                    )
                ]
            )
        if documents > 1:
            raise PolicyError(
                [
                    Problem(
                        str(path),
                        line,
                        "",
                        "a second document starts here",
                        "Write one policy in a file, with no --- between.",
                    )
                ]
            )


def _explain_syntax(error: yaml.YAMLError, text: str, path: Path) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        return Problem(
            str(path),
            line,
            "",
            "the file holds a control character",
            "Remove it; write it as an escape in double quotes.",
        )
    said = f"{error.context or ''} {error.problem or ''}"
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    for sign, what, hint in _SYNTAX:
        if sign in said:
            opened = error.context_mark if " is opened and not closed" in what else None
            return Problem(str(path), opened.line + 1 if opened else line, "", what, hint)
    return Problem(
        str(path), line, "", "the line is not YAML", "Write key: value, lists with dashes, and odd texts in quotes."
    )


class _Builder:
    """Turns the nodes of one file into plain values."""

    def __init__(self, source: SourceMap, report: Report) -> None:
        self._source = source
        self._report = report
        self._values = 0

    def build(self, node: Node, path: KeyPath = (), line: int | None = None) -> Value:
        """Return the value of the node; `line` is that of its key."""
        self._count(len(path))
        line = line or _find_line(node)
        self._source.add(path, line, cast("str", node.value) if isinstance(node, ScalarNode) else None)
        if node.tag not in _PLAIN_TAGS:
            self._report.refuse(
                path,
                "has a YAML tag (a word that starts with !)",
                "Write a plain value; in quotes if it starts with !.",
            )
            return None
        if isinstance(node, ScalarNode):
            return self._build_scalar(node, path)
        if isinstance(node, SequenceNode):
            items = cast("list[Node]", node.value)
            return [self.build(item, (*path, index)) for index, item in enumerate(items)]
        return self._build_mapping(cast("MappingNode", node), path)

    def _build_mapping(self, node: MappingNode, path: KeyPath) -> Value:
        entries: dict[str, Value] = {}
        own, merged = self._split_pairs(node, path, 0)
        for key_node, value_node in own:
            line = _find_line(key_node)
            key = cast("str", key_node.value)
            if key in entries:
                first = self._source.find_line((*path, key))
                self._source.add((*path, key), line)
                what = f"is written a second time; the first is in line {first}"
                self._report.refuse((*path, key), what, "Leave one of them.")
                continue
            entries[key] = self.build(value_node, (*path, key), line)
        for key_node, value_node in merged:
            key = cast("str", key_node.value)
            if key not in entries:
                entries[key] = self.build(value_node, (*path, key), _find_line(key_node))
        return entries

    def _split_pairs(self, node: MappingNode, path: KeyPath, depth: int) -> tuple[list[_Pair], list[_Pair]]:
        """Return the pairs that the mapping has itself, and those that ``<<`` merges into it, nearest first."""
        own: list[_Pair] = []
        merged: list[_Pair] = []
        for key_node, value_node in cast("list[_Pair]", node.value):
            self._count(depth)
            if key_node.tag == _PREFIX + "merge":
                merged.extend(self._expand_merge(value_node, path, depth + 1))
            elif isinstance(key_node, ScalarNode):
                own.append((key_node, value_node))
            else:
                what = "has a key that is a list or a mapping"
                self._report.refuse(path, what, "Write a word as the key; write {{ }} in quotes.")
        return own, merged

    def _expand_merge(self, node: Node, path: KeyPath, depth: int) -> Iterator[_Pair]:
        """Yield the pairs of the mapping, or list of mappings, that stands after ``<<``."""
        nodes = cast("list[Node]", node.value) if isinstance(node, SequenceNode) else [node]
        for part in nodes:
            if isinstance(part, MappingNode):
                own, merged = self._split_pairs(part, path, depth)
                yield from own
                yield from merged
            else:
                what = "merges something that is no mapping"
                self._report.refuse(path, what, "Write <<: and the alias of a mapping.")

    def _count(self, depth: int) -> None:
        """Raise `_ExcessError` when the file has unfolded to more than a policy can hold."""
        self._values += 1
        if self._values > MAXIMUM_VALUES or depth > MAXIMUM_DEPTH:
            raise _ExcessError

    def _build_scalar(self, node: ScalarNode, path: KeyPath) -> Value:
        text = cast("str", node.value)
        kind = node.tag.removeprefix(_PREFIX)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in {"yes", "true", "on"}
        if kind == "int":
            return self._build_number(text, path)
        if kind == "float":
            return _build_float(text)
        return text

    def _build_number(self, text: str, path: KeyPath) -> Value:
        """Return the number, or the text where YAML 1.1 sees a number and people do not (``12:30`` is base 60)."""
        if _OCTAL.fullmatch(text):
            self._report.refuse(
                path,
                "YAML reads {shown} as an octal number",
                "Write it in quotes for a text, or without the 0 in front for a number.",
            )
            return None
        digits = text.replace("_", "")
        if not re.fullmatch(r"[-+]?(0x[0-9a-fA-F]{1,16}|0b[01]{1,64}|\d{1,20})", digits):
            return text
        return int(digits, 0)


def _build_float(text: str) -> Value:
    try:
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text


def _find_line(node: Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1
