"""The demo from start to end: sets the stage, shows what a person wants to see, and ends everything.

``run_demo`` is the whole of it. With ``once`` a fixed, seeded amount is processed and every record accounted for;
without it, traffic goes on in real time beside a page that renews itself, until a signal ends it.
"""

import asyncio
import contextlib
import logging
import signal
import tempfile
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from elasticsearch import ApiError, TransportError
from rich.console import Console
from rich.live import Live

from collector.demo.accounting import find_traces, settle
from collector.demo.children import DAEMON_GRACE_S, Child, list_gaps
from collector.demo.drawing import draw_dashboards
from collector.demo.errors import DemoError
from collector.demo.expectations import Fate
from collector.demo.figures import format_count, format_latency, format_rate, format_share
from collector.demo.interruption import Interruption
from collector.demo.metric_accounting import MetricAccount, find_values, list_final_values, read_gap, settle_metrics
from collector.demo.page import SummaryPage, describe_window, show_account
from collector.demo.stage import Crew, Stage, set_stage
from collector.demo.steps import Step, Steps
from collector.demo.summary import Summary, count_documents, summarise
from collector.demo.usage import read_usage
from collector.demo.window import Window

DEFAULT_SEED: Final = 7
DEFAULT_RECORDS: Final = 20_000
"""Ten minutes of traffic, and some eight seconds of work for two cores."""

PATIENCE_S: Final = 30.0
"""When no document and no metric arrives for so long, the rest is not coming: the daemon's own retries wait less."""

LIVE_WINDOW: Final = timedelta(minutes=10)

_OK, _FAILED = 0, 1
_INTERRUPTED_EARLY: Final = 130
_POLL_S: Final = 0.5
_REFRESH_S: Final = 1.0
_LOG_LINE_EVERY_S: Final = 30.0
# How long a process may take to be gone after its connections are.
_LAST_BREATH_S: Final = 3.0


def run_demo(
    *,
    once: bool,
    seed: int = DEFAULT_SEED,
    records: int | None = None,
    console: Console | None = None,
    page: Path | None = None,
) -> int:
    """Run the demo and return the exit code.

    0: with ``once``, all records are where they must be, every final value of the metrics is stored or listed, and the
    daemon ended in order; else a signal ended the page.
    1: something failed, and the console says what. 128 and the signal's number: ended by a signal before that.
    Whatever the outcome, every process is gone and every file but the page removed when this returns.

    Args:
        once: process ``records`` records and end, instead of going on until a signal.
        seed: the same seed gives the same traffic, but for its times.
        records: how many records are in the hub when the daemon starts; None for ``DEFAULT_RECORDS``.
        console: where to show it, standard output if None; lines without any control code if it is no terminal.
        page: where to write the dashboards at the end, also when Ctrl-C ends the live page; nowhere if None.
    """
    # The demo says itself what a failed request means; the client's warnings would come in between.
    logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(
            _run(once=once, seed=seed, records=records or DEFAULT_RECORDS, console=console or Console(), page=page)
        )
    except KeyboardInterrupt:  # before the loop could watch for it
        return _INTERRUPTED_EARLY


async def _run(*, once: bool, seed: int, records: int, console: Console, page: Path | None) -> int:
    children: list[Child] = []
    interruption = Interruption(lambda: _kill(children))
    interruption.watch()
    live = False
    try:
        async with AsyncExitStack() as stack:
            # A second Ctrl-C kills processes that may be writing still: then a file can appear while this removes them.
            workplace = tempfile.TemporaryDirectory(prefix="aoai-demo-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(workplace))
            crew = Crew(stack, children, folder, Steps(console))
            stage = await _name_failures(set_stage(crew, seed=seed, records=records, once=once))
            if once:
                return await _run_once(stage, console, page)
            live = True
            try:
                await _guard(_show_live(stage, console), stage)
            finally:
                if page is not None and interruption.received is signal.SIGINT:
                    await draw_dashboards(stage.url, Window(stage.since, datetime.now(UTC)), page, console)
    except DemoError as failure:
        console.print(str(failure), style="bold red", highlight=False, markup=False)
        return _FAILED
    except asyncio.CancelledError:
        if interruption.received is None:
            raise
        with contextlib.suppress(OSError):  # after SIGHUP there is no terminal to tell
            console.print("Stopped; nothing is left running.", highlight=False)
        return _OK if live else interruption.exit_code
    return _OK


async def _run_once(stage: Stage, console: Console, page: Path | None) -> int:
    """Wait until all is there, end the daemon, show the summary, settle the account and draw the dashboards."""
    with Steps(console).step("Running the collector") as step:
        await _guard(_await_documents(stage, step), stage)
    with Steps(console).step("Reading Azure Monitor") as step:
        await _guard(_await_metrics(stage, step), stage)
    with Steps(console).step("Stopping the collector"):
        code = await stage.daemon.stop(DAEMON_GRACE_S)
    window = Window(stage.since, stage.traffic.now + timedelta(seconds=1))
    summary = await _name_failures(summarise(stage.client, window, stage.feed.last_sequence_numbers()))
    account = settle(stage.ledger, await _name_failures(find_traces(stage.client)))
    metrics = await _name_failures(_settle_metrics(stage))
    console.print()
    console.print(SummaryPage(summary, describe_window(summary)))
    console.print()
    console.print(show_account(account, stage.ledger, metrics))
    if page is not None:
        await draw_dashboards(stage.url, window, page, console)
    if code != 0:
        raise DemoError(f"The collector did not end in order (exit code {code}).{stage.daemon.last_words()}")
    return _OK if account.balanced and metrics.balanced else _FAILED


async def _await_documents(stage: Stage, step: Step) -> None:
    """Return when as many documents of either fate are there as must be, or when no more come."""
    fates, documents = stage.ledger.fates, stage.ledger.documents
    count, complete = 0, False
    started = moved = time.monotonic()
    while not complete and time.monotonic() - moved < PATIENCE_S:
        await asyncio.sleep(_POLL_S)
        records, dead_letters = await count_documents(stage.client)
        complete = records >= fates[Fate.INDEXED] and dead_letters >= fates[Fate.DEAD_LETTER]
        before, count = count, records + dead_letters
        now = time.monotonic()
        moved = now if count > before else moved
        rate = format_rate(count / (now - started))
        step.update(count, documents, f"{format_count(count)} of {format_count(documents)} records, {rate} records/s")


async def _await_metrics(stage: Stage, step: Step) -> None:
    """Return when the metrics have as many calls as were made in the minutes that are read first, or no more come."""
    window = stage.metered
    expected, count = stage.meter.count_calls(window.since, window.until), -1
    moved = time.monotonic()
    while count < expected and time.monotonic() - moved < PATIENCE_S:
        await asyncio.sleep(_POLL_S)
        before, count = count, sum(each.requests for each in await read_usage(stage.client, window))
        moved = time.monotonic() if count > before else moved
        step.update(count, expected, f"{format_count(count)} of {format_count(expected)} calls")


async def _settle_metrics(stage: Stage) -> MetricAccount:
    """Compare values; what is not stored may be listed in the gap ledger, which is asked only then."""
    finals = list_final_values(stage.azure.monitor, stage.metered)
    found = await find_values(stage.client, stage.metered)
    account = settle_metrics(finals, found)
    if account.balanced:
        return account
    gaps = [read_gap(line) for line in await list_gaps(stage.policy, stage.data)]
    return settle_metrics(finals, found, gaps)


async def _show_live(stage: Stage, console: Console) -> None:
    """Feed in real time and renew the page every second, for ever."""
    feeding = asyncio.create_task(stage.feed.follow_clock())
    try:
        if console.is_terminal:
            await _renew_page(stage, console)
        else:
            await _log_lines(stage, console)
    finally:
        feeding.cancel()


async def _renew_page(stage: Stage, console: Console) -> None:
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            summary = await _summarise_live(stage)
            live.update(SummaryPage(summary, "Azure OpenAI, last 10 minutes; Ctrl-C ends"), refresh=True)
            await asyncio.sleep(_REFRESH_S)


async def _log_lines(stage: Stage, console: Console) -> None:
    while True:
        console.print(_describe_briefly(await _summarise_live(stage)), highlight=False, markup=False)
        await asyncio.sleep(_LOG_LINE_EVERY_S)


async def _summarise_live(stage: Stage) -> Summary:
    now = datetime.now(UTC)
    window = Window(max(stage.since, now - LIVE_WINDOW), now)
    return await summarise(stage.client, window, stage.feed.last_sequence_numbers())


def _describe_briefly(summary: Summary) -> str:
    return (
        f"{summary.window.until:%H:%M:%S} UTC: {format_count(summary.requests)} requests in the last 10 minutes, "
        f"{format_rate(summary.requests_per_second)} req/s, {format_share(summary.errors, summary.requests)} errors, "
        f"p95 {format_latency(summary.p95_ms)}, lag {sum(lag.events_behind for lag in summary.lags)} events"
    )


async def _guard[Result](job: Coroutine[None, None, Result], stage: Stage) -> Result:
    """Do a job that needs both processes.

    Raises:
        DemoError: the engine or the daemon ended meanwhile.
    """
    watches = [asyncio.create_task(child.fail_when_ended()) for child in (stage.engine, stage.daemon)]
    work = asyncio.create_task(job)
    try:
        await asyncio.wait([work, *watches], return_when=asyncio.FIRST_COMPLETED)
        if work.done() and isinstance(work.exception(), TransportError):
            await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED, timeout=_LAST_BREATH_S)
        for watch in watches:
            if watch.done():
                watch.result()
        return await _name_failures(work)
    finally:
        await _give_up([work, *watches])


async def _name_failures[Result](job: Coroutine[None, None, Result] | asyncio.Task[Result]) -> Result:
    """Do a job whose failures on the way to the engine become one message."""
    try:
        return await job
    except ApiError as failure:
        raise DemoError(f"The engine refused a request: {failure}") from failure
    except TransportError as failure:
        raise DemoError(f"The engine does not answer: {failure}") from failure


async def _give_up(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _kill(children: Sequence[Child]) -> None:
    for child in children:
        child.kill()
