"""Texts for ``rich``, in a module of its own: a daemon prints no table and need not load that library."""

from rich.text import Text

from collector.telemetry.plain_text import make_printable


def as_it_is(text: str, style: str = "") -> Text:
    """Return a text that stands as it is, markup and control characters included."""
    return Text(make_printable(text), style)
