"""``docs/performance.md``: tables in it are written by the benchmarks, so that they are the results and no copy."""

import re
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "performance.md"


class NoPlaceError(Exception):
    """The page has no place of that name."""


def read_place(name: str) -> str:
    """Return what stands between the marks of a place.

    Raises:
        NoPlaceError: there are none.
    """
    return _find(DOCUMENT.read_text(encoding="utf-8"), name).group(1)


def write_place(name: str, text: str) -> None:
    """Put a text between the marks of a place.

    Raises:
        NoPlaceError: there are none.
    """
    page = DOCUMENT.read_text(encoding="utf-8")
    found = _find(page, name)
    DOCUMENT.write_text(page[: found.start(1)] + text + page[found.end(1) :], encoding="utf-8")


def _find(page: str, name: str) -> re.Match[str]:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", page, re.DOTALL)
    if found is None:
        raise NoPlaceError(f"{DOCUMENT.name} has no place for {name}")
    return found
