"""Trouble: says once that something is wrong, again every minute while it lasts, and once that it is over."""

import logging
import time
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

_REMINDER_SECONDS: Final = 60.0


class Trouble:
    """The present trouble of one component, if any."""

    def __init__(
        self, component: str, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._component = component
        self._clock = clock
        self._wall_clock = wall_clock
        self._what: str | None = None
        self._reason = ""
        self._grave = False
        self._last_success_at: float | None = None
        self._since = 0.0
        self._mentioned = False
        self._reported: dict[str, float] = {}

    @property
    def what(self) -> str | None:
        """What is wrong now; None while all is well."""
        return self._what

    @property
    def reason(self) -> str:
        """Why, as it was reported last; empty while all is well."""
        return self._reason if self._what is not None else ""

    @property
    def grave(self) -> bool:
        """Whether someone must act now."""
        return self._grave and self._what is not None

    @property
    def last_success_at(self) -> float | None:
        """When it last went well, in seconds since 1970; None before the first time."""
        return self._last_success_at

    def report(self, what: str, reason: str, *, grave: bool = False) -> None:
        """Note a failure; log it when it is news or was not mentioned for a minute.

        ``grave`` is for what does not mend itself: someone must act.
        """
        now = self._clock()
        if self._what is None:
            self._since = now
        self._what, self._reason, self._grave = what, reason, grave
        mentioned = self._reported.get(what)
        if mentioned is None or now - mentioned >= _REMINDER_SECONDS:
            level = logging.ERROR if grave else logging.WARNING
            logger.log(level, what, extra={"error.message": reason, "component": self._component})
            self._reported[what] = now
            self._mentioned = True

    def over(self) -> None:
        """Note a success; a trouble that comes and goes is mentioned, and so is its end, once a minute."""
        self._last_success_at = self._wall_clock()
        if self._what is not None and self._mentioned:
            seconds = round(self._clock() - self._since, 1)
            logger.info("recovered", extra={"component": self._component, "trouble": self._what, "seconds": seconds})
        self._what, self._mentioned = None, False
