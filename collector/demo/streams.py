"""The two data streams that the demo reads, and how it asks so that a stream not yet there is an empty one."""

from typing import Any, Final

LOGS: Final = "logs-aoai.logs-*"
DEAD_LETTERS: Final = "logs-aoai.deadletter-*"
BOTH: Final = f"{LOGS},{DEAD_LETTERS}"

SEARCH_OPTIONS: Final[dict[str, Any]] = {"allow_no_indices": True, "ignore_unavailable": True}
