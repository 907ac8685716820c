"""Texts for ``rich``; of its own, since what only prints help or a line does not wait for that library."""

from rich.text import Text

from collector.telemetry.plain_text import make_printable


def as_it_is(text: str, style: str = "") -> Text:
    """Return a text that stands as it is, markup and control characters included."""
    return Text(make_printable(text), style)
