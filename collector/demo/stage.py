"""Sets the stage of a run: traffic in the hub, a running engine with the package's assets, the daemon between them.

The hub is filled while the engine starts, before the daemon runs: Event Hubs is the durable buffer, so the daemon finds
a backlog, as after a stop.
"""

from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from collector.assets.errors import AssetError
from collector.assets.installation import install
from collector.demo.azure import DemoAzure, emulate_azure
from collector.demo.children import (
    DAEMON_GRACE_S,
    ENGINE_GRACE_S,
    Child,
    follow_engine,
    start_daemon,
    start_engine,
)
from collector.demo.errors import DemoError
from collector.demo.feed import HUB, PARTITIONS, Feed
from collector.demo.figures import format_bytes, format_count
from collector.demo.history import find_final, plan_start
from collector.demo.ledger import Ledger
from collector.demo.metering import Meter
from collector.demo.policy_file import write_policy
from collector.demo.steps import Steps
from collector.demo.traffic import Traffic
from collector.demo.window import Window
from collector.emulators.event_hubs import EventHubsEmulator, Hub

_PHASES: Final = {
    "wait": "Waiting for another process that prepares the engine",
    "download": "Downloading the engine, the first time only",
    "compile": "Compiling the engine's front, the first time only",
    "archive": "Preparing fast starts of the engine, the first time only",
    "start": "Starting the engine",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs, and what was fed. ``since`` is where the traffic's own time began, ``url`` the engine's.

    ``metered`` are the minutes whose metrics the daemon reads first: what of the traffic's last hour is final when it
    starts.
    """

    url: str
    client: AsyncElasticsearch
    engine: Child
    daemon: Child
    feed: Feed
    traffic: Traffic
    ledger: Ledger
    meter: Meter
    azure: DemoAzure
    policy: Path
    data: Path
    since: datetime
    metered: Window


@dataclass(frozen=True, slots=True)
class Crew:
    """What the stage is set with: where to clean up, whom to end in a hurry, where to write files, how to tell."""

    stack: AsyncExitStack
    children: list[Child]
    folder: Path
    steps: Steps

    async def hire(self, child: Child, grace_s: float) -> Child:
        """See to it that a process ends with the run."""
        self.children.append(child)
        self.stack.push_async_callback(child.stop, grace_s)
        return child


async def set_stage(crew: Crew, *, seed: int, records: int, once: bool) -> Stage:
    """Start everything and feed the first records; with ``once`` they are the whole, and long enough ago.

    Raises:
        DemoError: something did not start; nothing is left running once ``crew.stack`` is closed.
    """
    engine = await crew.hire(await start_engine(crew.folder / "engine"), ENGINE_GRACE_S)
    emulator = await crew.stack.enter_async_context(EventHubsEmulator([Hub(HUB, partitions=len(PARTITIONS))]))
    since = plan_start(datetime.now(UTC), records, once=once)
    meter, ledger = Meter(), Ledger()
    traffic = Traffic(seed, since, on_call=meter.enter)
    azure = await crew.stack.enter_async_context(emulate_azure(meter))
    feed = Feed(emulator, traffic, ledger, seed)
    with crew.steps.step("Writing traffic into the event hub") as step:
        await feed.write(records)
        step.update(1, 1, f"{format_count(ledger.events)} events, {format_bytes(ledger.bytes)}")
    url = await _await_engine(engine, crew.steps)
    client = await crew.stack.enter_async_context(AsyncElasticsearch(url))
    with crew.steps.step("Installing pipelines and templates"):
        await _install_assets(client)
    metered = find_final(datetime.now(UTC), since)
    policy, data = crew.folder / "policy.yml", crew.folder / "data"
    write_policy(policy, elasticsearch=url, connection_string=emulator.connection_string(HUB), azure=azure.keys)
    daemon = await crew.hire(await start_daemon(policy, data), DAEMON_GRACE_S)
    return Stage(url, client, engine, daemon, feed, traffic, ledger, meter, azure, policy, data, since, metered)


async def _await_engine(engine: Child, steps: Steps) -> str:
    """Wait for the engine, with a step for each of its phases."""
    with ExitStack() as shown:
        phase = ""
        step = shown.enter_context(steps.step("Preparing the engine", leaves_line=False))

        def show(report: dict[str, Any]) -> None:
            nonlocal phase, step
            name = str(report["phase"])
            if name != phase:
                phase = name
                shown.close()
                step = shown.enter_context(steps.step(_PHASES.get(name, name)))
            step.update(report["done"], report["total"], _describe(report))

        return await follow_engine(engine, show)


async def _install_assets(client: AsyncElasticsearch) -> None:
    try:
        await install(client)
    except AssetError as failure:
        raise DemoError(str(failure)) from failure


def _describe(report: dict[str, Any]) -> str:
    detail: str = report["detail"]
    if report["phase"] != "download":
        return detail
    amount = format_bytes(report["done"]) + (f" of {format_bytes(report['total'])}" if report["total"] else "")
    return f"{amount}, {detail}" if detail else amount
