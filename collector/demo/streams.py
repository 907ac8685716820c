"""The data streams that the demo reads, and how it asks so that a stream not yet there is an empty one."""

from dataclasses import dataclass
from typing import Any, Final

SEARCH_OPTIONS: Final[dict[str, Any]] = {"allow_no_indices": True, "ignore_unavailable": True}


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one namespace."""

    namespace: str = "default"

    @property
    def logs(self) -> str:
        """Where records are indexed."""
        return f"logs-aoai.logs-{self.namespace}"

    @property
    def dead_letters(self) -> str:
        """Where dead letters are."""
        return f"logs-aoai.deadletter-{self.namespace}"

    @property
    def metrics(self) -> str:
        """Where metrics of accounts are."""
        return f"metrics-aoai.metrics-{self.namespace}"

    @property
    def both(self) -> str:
        """Those of logs, as one index expression."""
        return f"{self.logs},{self.dead_letters}"


DEMO_STREAMS: Final = Streams()
"""Where the demo's policy sends everything: it names no namespace."""
