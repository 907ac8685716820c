"""Writes docs/check.md from its text and the meanings of the rows: ``python -m collector.check.reference``.

Promises: the page names every row, in the order of the table; a test fails when it is stale.
"""

from pathlib import Path
from typing import Final

from collector.check.findings import MEANINGS

PAGE: Final = Path(__file__).parents[2] / "docs" / "check.md"
_TEXT: Final = Path(__file__).with_name("check.md")


def render_page() -> str:
    """Return the page as Markdown."""
    rows = [f"| {row} | {meaning} |" for row, meaning in MEANINGS.items()]
    return _TEXT.read_text(encoding="utf-8") + "\n".join(["| row | is ok when |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
