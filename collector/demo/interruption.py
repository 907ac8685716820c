"""Ctrl-C, SIGTERM and SIGHUP: the first ends the run in order, a second one ends what is left at once."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHELL_OFFSET: Final = 128


class Interruption:
    """Watches for the signals during one run; ``received`` is the first of them."""

    def __init__(self, hurry: Callable[[], None]) -> None:
        self.received: signal.Signals | None = None
        self._hurry = hurry
        self._task: asyncio.Task[object] | None = None

    def watch(self) -> None:
        """From now on a signal cancels the calling task, and a second one calls ``hurry``."""
        loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._receive, number)

    @property
    def exit_code(self) -> int:
        """The code by which shells know that a signal ended a program; 0 as long as there was none."""
        return _SHELL_OFFSET + self.received if self.received else 0

    def _receive(self, number: signal.Signals) -> None:
        if self.received is not None:
            self._hurry()
            return
        self.received = number
        if self._task:
            self._task.cancel()
