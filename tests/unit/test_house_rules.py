"""The rules of the house, kept by counting: sizes, import order, docstrings, dependencies with their reasons."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "collector").rglob("*.py"))
RANKS = {
    "events": 0,
    "replies": 0,
    "telemetry": 0,
    "azure_monitor": 0,
    "policy": 0,
    "redact": 1,
    "state": 1,
    "output": 2,
    "delivery": 3,
    "inputs": 4,
    "assets": 4,
    "engine": 1,
    "emulators": 1,
    "agent": 5,
    "check": 5,
    "preview": 5,
    "demo": 6,
    "scenario": 7,
    "commands": 7,
    "cli": 8,
    "__main__": 9,
}
"""A room may import rooms of a lower rank, and itself."""
ALLOWED_SIDEWAYS = {("assets", "engine")}


def functions() -> Iterator[tuple[str, int]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{path.relative_to(ROOT)}:{node.name}", length


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "collector").parts
    return parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Rooms that a module imports; what only type checkers see is none of its business at run time."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("collector."):
            yield (node.module or "").split(".")[1]


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 50


def test_functions_are_short() -> None:
    lengths = sorted(length for _, length in functions())
    assert median(lengths) <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 35
    assert [name for name, length in functions() if length > 80] == []


def test_modules_are_small() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert median(sizes.values()) <= 250
    assert [str(path) for path, size in sizes.items() if size > 500] == []


@pytest.mark.parametrize("room", sorted({room_of(path) for path in SOURCES} - {"__init__"}))
def test_a_room_imports_downwards_only(room: str) -> None:
    upwards = [
        f"{path.relative_to(ROOT)} imports {other}"
        for path in SOURCES
        if room_of(path) == room
        for other in imports_of(path)
        if other != room and RANKS[other] >= RANKS[room] and (room, other) not in ALLOWED_SIDEWAYS
    ]
    assert upwards == []


def test_every_room_opens_with_its_promise() -> None:
    rooms = [path for path in SOURCES if path.name == "__init__.py"]
    silent = [str(path) for path in rooms if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_no_room_is_for_leftovers() -> None:
    words = re.compile(r"utils?|helpers?|common|misc|manager")
    assert [str(path) for path in SOURCES if words.fullmatch(path.stem) or words.fullmatch(path.parent.name)] == []


def test_every_direct_dependency_is_documented_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] + [each for extra in project["optional-dependencies"].values() for each in extra]
    declared = {re.split(r"[\[><=~!,; ]", each)[0] for each in listed} - {project["name"]}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", page, re.MULTILINE))
    assert documented.keys() == declared
    assert all(documented.values())


def test_promises_name_tests_that_exist() -> None:
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`", page)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_documents_link_to_what_exists() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
