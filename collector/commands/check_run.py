"""What `check` does: looks at everything at once, and shows what was found."""

import asyncio
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.check import Finding, Outcome, Probe, run_probes
from collector.commands.options import FAILED
from collector.telemetry.printed_text import as_it_is

_STYLES: Final = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.NOT_RUN: "dim",
}
_SECONDS_TO_LEAVE: Final = 3.0
"""A thread that still asks for the name of a host cannot be ended, and would hold the process for a minute."""


def run_check(probes: Sequence[Probe], *, as_json: bool) -> int:
    """Look, and show it; returns the exit code."""
    leaving: list[threading.Timer] = []

    async def look() -> int:
        with Console(stderr=True).status(f"looking at {len(probes)} things"):
            findings = await run_probes(probes)
        show(findings, as_json=as_json)
        code = FAILED if any(finding.outcome is Outcome.FAILED for finding in findings) else 0
        leaving.append(threading.Timer(_SECONDS_TO_LEAVE, os._exit, [code]))
        leaving[0].daemon = True
        leaving[0].start()
        return code

    try:
        return asyncio.run(look())
    finally:
        for timer in leaving:
            timer.cancel()


def show(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print the findings for people, or as one JSON object with the keys of `Finding`."""
    counts = {outcome: sum(finding.outcome is outcome for finding in findings) for outcome in Outcome}
    if as_json:
        report = {"ok": not counts[Outcome.FAILED], "counts": counts, "rows": [asdict(each) for each in findings]}
        typer.echo(json.dumps(report, indent=2))
        return
    table = Table(box=None)
    for column in ("outcome", "row"):
        table.add_column(column, no_wrap=True)
    table.add_column("where", ratio=2)
    table.add_column("what was found", ratio=5)
    for finding in findings:
        found = [as_it_is(finding.what), *([as_it_is(finding.fix, "bold")] if finding.fix else [])]
        outcome = Text(finding.outcome, _STYLES[finding.outcome])
        table.add_row(outcome, Text(finding.row), as_it_is(finding.target), Text("\n").join(found))
    console = Console()
    console.print(table)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count))
