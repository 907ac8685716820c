"""How `status` shows what a collector tells: tables, with rates of the last seconds between two answers."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from collector.agent.control_client import ask
from collector.telemetry.plain_text import make_all_printable

_SECONDS_BETWEEN_ANSWERS: Final = 1.0
_ANSWERS_KEPT: Final = 10
_STYLES: Final = {"healthy": "green", "starting": "cyan", "degraded": "yellow", "failed": "red"}
_SETTLED: Final = ("indexed", "already_there", "dropped", "dead_lettered")

type Report = Mapping[str, Any]


async def show_once(data: Path) -> dict[str, Any]:
    """Print the tables, with rates of one second, and return the answer that they show.

    Raises:
        NoCollectorError: no collector answers.
    """
    before = await ask(data, "/status")
    await asyncio.sleep(_SECONDS_BETWEEN_ANSWERS)
    now = await ask(data, "/status")
    Console().print(render_status(before, now))
    return now


async def show_live(data: Path) -> None:
    """Renew the tables each second, with rates of the last ten, until cancelled; raises as `show_once` does."""
    answers: deque[Report] = deque([await ask(data, "/status")], maxlen=_ANSWERS_KEPT)
    with Live(render_status(answers[0], answers[0]), auto_refresh=False, screen=True) as live:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_ANSWERS)
            answers.append(await ask(data, "/status"))
            live.update(render_status(answers[0], answers[-1]), refresh=True)


def render_status(before: Report, now: Report) -> RenderableType:
    """Return the tables of an answer; rates are what was counted since the one before."""
    before, now = make_all_printable(before), make_all_printable(now)
    parts: list[RenderableType] = [_render_head(now)]
    if now["workers"]:
        parts.append(_render_workers(now))
    parts.append(_render_outputs(before, now))
    if now["partitions"]:
        parts.append(_render_partitions(now))
    if now["polling"]:
        parts.append(_render_polling(now))
    return Group(*parts, *_render_errors(now))


def _render_head(now: Report) -> Text:
    process, policy = now["process"], now["policy"]
    up = _show_seconds(_moment(now) - process["started_at"])
    memory = process["resident_bytes"]
    head = Text(f"aoai-collector {process['version']} on {process['host']}, process {process['pid']}, up {up}")
    head.append(f", {memory / 2**20:.0f} MiB" if memory else "")
    head.append(f"\npolicy {policy['file']}, in force since {policy['since'][:19]}Z")
    if policy["refusal"]:
        head.append(f"\nits change is refused: {policy['refusal']}", "red")
    return head


def _render_workers(now: Report) -> Table:
    table = _make_table("worker", "state", "process", "up", "begun anew", "memory", numbers=4)
    for each in now["workers"]:
        state = _state(now, "worker", str(each["worker"]), {})
        up = "-" if each["started_at"] is None else _show_seconds(_moment(now) - each["started_at"])
        memory = "-" if each["resident_bytes"] is None else f"{each['resident_bytes'] / 2**20:.0f} MiB"
        table.add_row(str(each["worker"]), state, str(each["pid"] or "-"), up, str(each["restarts"]), memory)
    return table


def _render_outputs(before: Report, now: Report) -> Table:
    table = _make_table(
        "output or stream", "state", "in/s", "out/s", "received", "in flight", "dead letters", "last success", numbers=5
    )
    seconds = _moment(now) - _moment(before)
    earlier = {_key(each): each["counters"] for each in before["outputs"]}
    for output in now["outputs"]:
        name, counters = output["output"], output["counters"]
        was = earlier.get(_key(output), counters)
        rates = [_rate(counters["received"] - was["received"], seconds), _rate(_settled(counters, was), seconds)]
        counts = [f"{counters[key]:,}" for key in ("received", "in_flight", "dead_lettered")]
        state = _state(now, "output", name, output)
        table.add_row(Text(_name(name, output)), state, *rates, *counts, _age(now, output["last_success_at"]))
        for stream in now["streams"]:
            if _key(stream) == _key(output):
                state = _state(now, "stream", stream["stream"], stream)
                table.add_row(Text(f"  {stream['stream']}"), state, *[""] * 5, _age(now, stream["last_success_at"]))
    return table


def _render_partitions(now: Report) -> Table:
    table = _make_table(
        "stream", "partition", "lag", "not in checkpoint", "oldest", "in flight", "last event", numbers=5
    )
    for each in now["partitions"]:
        table.add_row(
            Text(each["stream"]),
            Text(each["partition"], "" if each["healthy"] else "yellow"),
            _count(each["lag_events"]),
            _count(each["checkpoint_lag_events"]),
            _show_seconds(each["checkpoint_age_seconds"]),
            _count(each["in_flight_records"]),
            _age(now, each["last_received_at"]),
        )
    return table


def _render_polling(now: Report) -> Table:
    table = _make_table("stream of metrics", "resources", "lag", "requests", "throttled", "failed", numbers=5)
    for each in now["polling"]:
        counts = (_count(each[f"{kind}requests"]) for kind in ("", "throttled_", "failed_"))
        table.add_row(Text(each["stream"]), _count(each["resources"]), _show_seconds(each["lag_seconds"]), *counts)
    return table


def _render_errors(now: Report) -> Sequence[Text]:
    """Return what is wrong now, and else what was wrong last."""
    lines: list[Text] = []
    for each in now["components"]:
        name = _name(f"{each['component']} {each['name']}", each)
        lines += [Text(f"{name}: {it['what']}: {it['reason']}", "red") for it in each["troubles"]]
        last = each["last_error"]
        if last is not None and not each["troubles"]:
            lines.append(Text(f"{name}, at {last['@timestamp'][:19]}Z: {last['what']}: {last['reason']}", "dim"))
    return [Text(), *lines] if lines else []


def _make_table(*headings: str, numbers: int) -> Table:
    """Return a table whose last columns, so many and one more, are numbers."""
    table = Table(box=None, title_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index >= len(headings) - numbers else "left", no_wrap=True)
    return table


def _key(of: Report) -> tuple[int | None, str]:
    """What tells an output, or that of a stream, from every other: each worker has its own."""
    return of.get("worker"), of["output"]


def _name(name: str, of: Report) -> str:
    return f"{name} #{of['worker']}" if "worker" in of else name


def _state(now: Report, kind: str, name: str, of: Report) -> Text:
    wanted = (kind, name, of.get("worker"))
    state = next(
        each["state"] for each in now["components"] if (each["component"], each["name"], each.get("worker")) == wanted
    )
    return Text(state, _STYLES[state])


def _settled(counters: Mapping[str, int], was: Mapping[str, int]) -> int:
    return sum(counters[fate] - was[fate] for fate in _SETTLED)


def _rate(count: int, seconds: float) -> str:
    return f"{max(count, 0) / seconds:,.0f}" if seconds > 0 else "-"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _moment(report: Report) -> float:
    return datetime.fromisoformat(report["@timestamp"]).astimezone(UTC).timestamp()


def _age(now: Report, moment: float | None) -> str:
    return "never" if moment is None else f"{_show_seconds(_moment(now) - moment)} ago"


def _show_seconds(seconds: float) -> str:
    whole = max(round(seconds), 0)
    for size, unit, below in ((86400, "d", 3600), (3600, "h", 60), (60, "m", 1)):
        if whole >= size:
            return f"{whole // size}{unit}{whole % size // below:02d}"
    return f"{whole}s"
