"""Short words for what a body must split into; a reject's `detail` is for people and not compared."""

from collections.abc import Sequence

from collector.events import Entry, Record, RejectReason

Expected = tuple[str, bytes, str, bool]


def kept(text: str) -> Expected:
    """A record delivered as it was sent."""
    return "record", text.encode(), "", False


def mended(text: str) -> Expected:
    """A record delivered after a repair."""
    return "record", text.encode(), "", True


def rejected(source: str | bytes, reason: str) -> Expected:
    """A piece that becomes a dead letter."""
    return "reject", source.encode() if isinstance(source, str) else source, RejectReason(reason).value, False


def seen(entries: Sequence[Entry]) -> list[Expected]:
    """The entries in the words above."""
    return [
        ("record", entry.text.encode(), "", entry.repaired)
        if isinstance(entry, Record)
        else ("reject", entry.source, entry.reason.value, False)
        for entry in entries
    ]
