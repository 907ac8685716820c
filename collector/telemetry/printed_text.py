"""Texts for ``rich``, in a module of its own: a daemon prints no table and need not load that library."""

from rich.text import Text

from collector.telemetry.plain_text import make_printable


def as_it_is(text: str, style: str = "") -> Text:
    """Return a text in which nothing is markup; control characters in it are shown and do nothing."""
    return Text(make_printable(text), style)
