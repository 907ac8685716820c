"""Shows what is being done: moving bars on a terminal, plain lines anywhere else.

A step that is done leaves one line. Where the output is no terminal a step that takes long says so now and then, so
that a log shows life without filling up.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

_PATIENCE_S: Final = 10.0
"""A log gets a line about an unfinished step this often."""


class Step:
    """One thing that is being done. ``update`` says how far it is, ``note`` in words."""

    def __init__(self, name: str, refresh: Callable[["Step"], None]) -> None:
        self.name = name
        self.note = ""
        self.done = 0
        self.total: int | None = None
        self._refresh = refresh

    def update(self, done: int, total: int | None, note: str = "") -> None:
        """Say how far the step is; ``total`` None shows a bar without an end."""
        self.done, self.total, self.note = done, total, note
        self._refresh(self)


class Steps:
    """The steps of a run on one console, one at a time."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock

    @contextmanager
    def step(self, name: str, *, leaves_line: bool = True) -> Generator[Step]:
        """Show a step while the block runs, and a line with its duration and last note when it succeeded."""
        started = self._clock()
        with self._show_on_terminal(name) if self._console.is_terminal else self._show_in_log(name) as step:
            yield step
        if not leaves_line:
            return
        taken = f"{self._clock() - started:.1f} s"
        note = f", {step.note}" if step.note else ""
        self._console.print(f"{name}: {taken}{note}", highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def _show_on_terminal(self, name: str) -> Generator[Step]:
        columns = (
            SpinnerColumn("line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(name, total=None, note="")

            def refresh(step: Step) -> None:
                progress.update(task, completed=step.done, total=step.total, note=step.note)

            yield Step(name, refresh)

    @contextmanager
    def _show_in_log(self, name: str) -> Generator[Step]:
        spoken = self._clock()

        def refresh(step: Step) -> None:
            nonlocal spoken
            if self._clock() - spoken >= _PATIENCE_S:
                spoken = self._clock()
                self._console.print(f"{name} ... {step.note}".rstrip(), highlight=False, markup=False, soft_wrap=True)

        yield Step(name, refresh)
