"""Refuses what a reader does not know."""

from collections.abc import Iterable, Mapping
from typing import Any

from collector.assets.panels.model import UnknownPanelFeatureError


def refuse_unknown(state: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse a state with other keys than the known ones; a key that is off or empty says nothing.

    Raises:
        UnknownPanelFeatureError: there is one; the message names it and where it was.
    """
    unknown = sorted({key for key, value in state.items() if value} - set(known))
    if unknown:
        raise UnknownPanelFeatureError(f"{where} with {', '.join(unknown)}")
