"""How `setup` shows a plan, its progress and its report."""

from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from collector.assets.setup.asset import AssetId
from collector.assets.setup.plan import Action, Outcome, Plan, Report, Result
from collector.assets.setup.refusal import RefusalError
from collector.telemetry.printed_text import as_it_is

_STYLES: Final = {Outcome.REFUSED: "red", Outcome.KEPT: "yellow", Action.REFUSE: "red", Action.KEEP: "yellow"}


class Progress:
    """A table that grows by a row for each asset changed, kept or refused; without a terminal it is printed whole.

    However the block ends, what was done till then is told: rows, counts, what to do about refusals, and last a secret
    that was made, which nobody can show again.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._results: list[Result] = []
        self._table = _make_table("outcome")
        self._live = Live(self._table, console=console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if self._table.row_count:
            self._console.print(self._table)
        report = Report(tuple(self._results))
        counts = _count((report.count(outcome), outcome) for outcome in Outcome)
        self._console.print(counts or "There was nothing to do.")
        _show_fixes((result.refusal for result in report.results), self._console)
        for result in report.results:
            if result.secret is not None:
                typer.echo(f"\n{result.asset}, shown this once; it goes into the policy's api_key:")
                typer.echo(result.secret.reveal())

    def add(self, result: Result) -> None:
        """Show a result; what did not change, and has nothing to say, is only counted at the end."""
        self._results.append(result)
        if result.outcome is not Outcome.UNCHANGED or result.words:
            _add_row(self._table, result.asset, result.outcome, result.words, result.refusal)


def show_plan(plan: Plan, console: Console) -> None:
    """Show what would be done to each asset that differs, with each difference."""
    table = _make_table("to do")
    for step in plan.steps:
        if step.action is not Action.NOTHING or step.words:
            _add_row(table, step.asset.id, step.action, step.words, step.refusal)
    if table.row_count:
        console.print(table)
    counts = ((plan.count(action), _PLANNED[action]) for action in Action)
    console.print(_count(counts) or "There is nothing to do.")
    _show_fixes((step.refusal for step in plan.steps), console)


_PLANNED: Final = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REMOVE: "to remove",
    Action.NOTHING: "unchanged",
    Action.KEEP: "kept",
    Action.REFUSE: "refused",
}


def _make_table(first: str) -> Table:
    table = Table(box=None)
    table.add_column(first, no_wrap=True)
    table.add_column("asset", no_wrap=True)
    table.add_column("name", ratio=1)
    return table


def _add_row(
    table: Table, asset: AssetId, done: Action | Outcome, words: Iterable[str], refusal: RefusalError | None
) -> None:
    lines = [refusal.what] if refusal else words
    name = Text("\n").join([as_it_is(asset.name), *(as_it_is(line, "dim") for line in lines)])
    table.add_row(Text(done, _STYLES.get(done, "")), Text(asset.kind), name)


def _count(counts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def _show_fixes(refusals: Iterable[RefusalError | None], console: Console) -> None:
    """Each fix once, with what it mends."""
    fixes: dict[str, list[str]] = {}
    for refusal in refusals:
        if refusal is not None:
            fixes.setdefault(refusal.fix, []).append(refusal.where)
    for fix, places in fixes.items():
        others = f" and {len(places) - 1} more" if len(places) > 1 else ""
        console.print(as_it_is(f"{places[0]}{others}: {fix}."), soft_wrap=True)
