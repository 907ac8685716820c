"""How far a slow step is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of a step that takes long enough to be watched.

    ``phase`` is ``wait`` (another process prepares the same cache), ``download``, ``compile``, ``archive`` or
    ``start``. ``done`` and ``total`` count bytes in ``download`` and steps elsewhere; ``total`` is None when unknown.
    ``detail`` is a few words for people, such as the number of files, and may be empty.
    """

    phase: str
    done: int
    total: int | None
    detail: str = ""


type ProgressCallback = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """Watch nothing."""
