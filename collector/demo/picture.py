"""Draws the README's picture: what a real run shows, as an SVG.

``python -m collector.demo.picture OUT.svg`` runs the demo with ``--once`` and, if every record is accounted for, writes
what it printed, colours included. The picture brings its own dark ground, so it reads the same on light and on dark
pages, and refers to nothing outside itself. Figures of time differ from run to run; the traffic does not.
"""

import html
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from collector.demo.run import run_demo

COLUMNS: Final = 100
"""Wide enough for the page, narrow enough to be legible in a README's column."""

_TITLE: Final = "make demo ARGS=--once"
_FONTS: Final = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_USAGE_ERROR: Final = 2
_FONT_FACE: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
# Rich's export sets each piece of a line at `x` and `textLength` units wide; a blank in it is a no-break space.
_INDENTED: Final = re.compile(r'x="([\d.]+)"( y="[\d.]+" )textLength="([\d.]+)"([^>]*>)((?:&#160;)+)([^<]+)</text>')
_BLANK: Final = "&#160;"


def draw_picture(console: Console) -> str:
    """Return as SVG what a recording console has printed."""
    picture = console.export_svg(title=_TITLE, unique_id="demo")
    # Pages that show the picture fetch nothing for it, so a web font would never come.
    picture = _FONT_FACE.sub("", picture).replace("Fira Code, monospace", _FONTS)
    return _INDENTED.sub(_indent, picture)


def main(arguments: Sequence[str]) -> int:
    """Run the demo and write the picture; return the demo's exit code."""
    if len(arguments) != 1:
        Console(stderr=True).print("usage: python -m collector.demo.picture OUT.svg")
        return _USAGE_ERROR
    console = Console(record=True, width=COLUMNS, force_terminal=False)
    code = run_demo(once=True, console=console)
    if code == 0:
        Path(arguments[0]).write_text(draw_picture(console), encoding="utf-8")
    return code


def _indent(text: re.Match[str]) -> str:
    """Start a text after its leading blanks: some renderers drop them, and columns of figures with them."""
    x, y, length, attributes, blanks, shown = text.groups()
    leading = len(blanks) // len(_BLANK)
    indent = float(length) * leading / (leading + len(html.unescape(shown)))
    return f'x="{float(x) + indent:.1f}"{y}textLength="{float(length) - indent:.1f}"{attributes}{shown}</text>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
