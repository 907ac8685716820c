"""Runs probes, all at the same time, within one limit of time."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from collector.check.findings import Finding, Outcome, Row, skip

logger = logging.getLogger(__name__)

LIMIT_SECONDS: Final = 20.0
"""For every probe. With the two seconds for closing and the start of the process it stays under 30 s."""
_CLOSING_SECONDS: Final = 2.0

type Look = AsyncGenerator[Finding]


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to look at, on its own connections.

    `rows` are what it answers for, in that order; a row for which `look` yields nothing is said not to be run.
    """

    target: str
    rows: Sequence[Row]
    look: Callable[[], Look]


async def run_probes(probes: Iterable[Probe], *, limit: float = LIMIT_SECONDS) -> list[Finding]:
    """Return the findings of all probes, sorted, after `limit` seconds at the latest.

    What hangs is left behind: it is told to end, and nobody waits for it longer than two seconds.
    """
    found: dict[asyncio.Task[None], tuple[Probe, list[Finding]]] = {}
    for probe in probes:
        findings: list[Finding] = []
        found[asyncio.create_task(_run(probe, findings))] = (probe, findings)
    if not found:
        return []
    _, late = await asyncio.wait(found, timeout=limit)
    for task in late:
        probe, findings = found[task]
        findings += _complete(probe, findings, f"there was no answer within {limit:g} s")
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=_CLOSING_SECONDS)
    return sorted((each for _, findings in found.values() for each in list(findings)), key=lambda each: each.rank)


async def _run(probe: Probe, findings: list[Finding]) -> None:
    try:
        async with aclosing(probe.look()) as look:
            async for finding in look:
                findings.append(finding)  # noqa: PERF401 - the others must be there when this one hangs
    except Exception as error:
        logger.debug("a look ended early", exc_info=error)
        findings += _complete(probe, findings, f"it could not be looked at: {type(error).__name__}")
    else:
        findings += _complete(probe, findings, "")


def _complete(probe: Probe, findings: Sequence[Finding], failure: str) -> list[Finding]:
    """Return what is to be said of rows without an answer: the first one failed, if anything did."""
    answered = {finding.row for finding in findings}
    missing = [row for row in probe.rows if row not in answered]
    broken = next((finding.row for finding in findings if finding.outcome is Outcome.FAILED), None)
    said: list[Finding] = []
    if failure and missing:
        broken = missing.pop(0)
        fix = "Look at the rows of its hosts above; if they are well, try again."
        said.append(Finding(broken, probe.target, Outcome.FAILED, failure, fix))
    why = f"{broken} failed" if broken else "there was nothing to look at"
    return said + [skip(row, probe.target, why) for row in missing]
