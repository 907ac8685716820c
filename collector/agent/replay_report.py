"""What ``replay dead-letters`` tells a person: what would be sent, and what became of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

from collector.agent.dead_letter_replay import Fates
from collector.telemetry.printed_text import as_it_is

_UNREADABLE_SHOWN: Final = 5


def show_plan(plan: Mapping[tuple[str, str], int], console: Console) -> None:
    """Print how many letters there are, by reason and data stream."""
    if not plan:
        console.print("no dead letters")
        return
    table = Table(box=None)
    table.add_column("reason")
    table.add_column("meant for")
    table.add_column("letters", justify="right")
    for (reason, target), count in sorted(plan.items(), key=lambda each: (-each[1], each[0])):
        table.add_row(as_it_is(reason), as_it_is(target), str(count))
    console.print(table)


def show_fates(fates: Fates, console: Console) -> None:
    """Print what became of the letters, each fate that occurred in a line."""
    counters = fates.counters
    lines: Counter[str] = Counter()
    lines["indexed"] = counters.indexed
    lines["already there"] = counters.already_there
    lines["dropped on purpose"] = counters.dropped
    for reason, count in counters.dead_letter_reasons.most_common():
        lines[f"dead letter again: {reason}"] = count
    for reason, count in fates.unsent.most_common():
        lines[f"not sent: {reason}"] = count
    lines["no dead letter at all"] = len(fates.unreadable)
    table = Table(box=None)
    table.add_column("what became of them")
    table.add_column("records", justify="right")
    for what, count in lines.items():
        if count:
            table.add_row(as_it_is(what), str(count))
    console.print(table if table.row_count else "nothing was sent")
    for where in fates.unreadable[:_UNREADABLE_SHOWN]:
        console.print(as_it_is(f"no dead letter: {where}"))
    for path in fates.finished:
        console.print(as_it_is(f"replayed, may be deleted: {path}"), soft_wrap=True)
    if counters.dead_letters_on_disk:
        console.print(f"{counters.dead_letters_on_disk} were refused as dead letters too and are in the local file")
