"""``replay dead-letters`` from its options to its tables."""

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from collector.agent.dead_letter_replay import DeadLetterReplay, ReplayError
from collector.agent.replay_report import show_fates, show_plan
from collector.inputs.replay.letter_search import SearchError
from collector.inputs.replay.letters import Selection
from collector.policy import Policy

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class WrongRequestError(ValueError):
    """The options cannot be followed; the message says which one, and what to write."""


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """The options as they were given."""

    data: Path
    output: str | None
    datasets: list[str]
    reasons: list[str]
    since: str | None
    files: list[Path]
    dry_run: bool


async def replay_letters(policy: Policy, request: ReplayRequest) -> bool | str:
    """Show what is to be sent, send it and show what became of it.

    Returns whether every record is where it belongs now, or why it could not be done.

    Raises:
        WrongRequestError: an option is wrong.
        OSError: a file cannot be used.
    """
    output = _choose_output(policy, request.output)
    since = _moment(request.since, datetime.now(UTC)) if request.since is not None else None
    selection = Selection(tuple(request.datasets), tuple(request.reasons), since)
    replay = DeadLetterReplay(policy, output, request.data, selection, request.files)
    console = Console()
    try:
        plan = await replay.plan()
        show_plan(plan, console)
        if request.dry_run or not plan:
            return True
        with _progress() as progress:
            task = progress.add_task("dead letters", total=plan.total())
            fates = await replay.send(lambda read: progress.update(task, completed=read))
    except (ReplayError, SearchError) as error:
        return str(error)
    finally:
        await replay.close()
    show_fates(fates, console)
    return fates.complete


def _progress() -> Progress:
    """A bar for a person at a terminal; nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def _choose_output(policy: Policy, wanted: str | None) -> str:
    used = list(dict.fromkeys(source.use_output for source, _ in (*policy.streams(), *policy.metrics_streams())))
    if wanted is None and len(used) == 1:
        return used[0]
    names = ", ".join(used)
    if wanted is None:
        raise WrongRequestError(f"the policy has several outputs: say which with --output, one of {names}")
    if wanted not in used:
        raise WrongRequestError(f"no stream of the policy writes to the output {wanted!r}; those in use are {names}")
    return wanted


def _moment(text: str, now: datetime) -> datetime:
    if ago := _AGO.fullmatch(text.strip()):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise WrongRequestError(
            f"--since {text!r}: write 30m, 2h, 7d, or a time such as 2026-03-10T09:00:00Z"
        ) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
