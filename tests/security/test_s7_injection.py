"""S7 of the guarantees: what stands in a record, or in a server's answer, stays a text.

It begins no line, neither of a bulk nor of a log, decides no index, id, pipeline or routing, is read as no template
and no markup, and gives no order to a terminal. Nothing that the collector prints is a table for a spreadsheet, so a
formula has no place to be one.
"""

import asyncio
import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from plugins.bulk_server import refuse
from plugins.daemon import HUB
from plugins.feeding import make_record
from plugins.hostile_texts import HOSTILE
from plugins.light_job import LightJob
from rich.console import Console

from collector.agent.dead_letter_replay import Fates
from collector.agent.gaps_command import print_gaps
from collector.agent.replay_report import show_fates, show_plan
from collector.assets.setup.asset import AssetId
from collector.assets.setup.kinds import Kind
from collector.assets.setup.plan import Outcome, Result
from collector.assets.setup.refusal import RefusalError
from collector.check import Finding, Row
from collector.check import Outcome as Found
from collector.commands.check_run import show
from collector.commands.setup_pages import Progress
from collector.commands.status_page import render_status
from collector.inputs.azure_metrics.gaps import Gap, GapReason
from collector.telemetry.counters import Counters
from collector.telemetry.logs import configure_logs

STREAM = "logs-aoai.logs-light"
OF_RECORDS = ("category", "operationName", "resourceId", "correlationId", "time", "resultSignature", "location")
OF_ELASTICSEARCH = ("_index", "_id", "_source", "_op_type", "pipeline", "routing", "@timestamp", "tags", "ecs")


def hostile_records() -> Iterator[dict[str, Any]]:
    """Each hostile text in each field of a record, in each name that means something to Elasticsearch, and as a key."""
    for text in HOSTILE.values():
        for field in (*OF_RECORDS, *OF_ELASTICSEARCH):
            yield make_record("odd") | {field: text}
        for field in ("__proto__", "constructor", "prototype", "data_stream", "event"):
            yield make_record("odd") | {field: {"dataset": text, "type": text, "namespace": text, text: text}}
        yield make_record("odd") | {text: text}
        yield make_record("odd") | {"properties": {"modelDeploymentName": text, text: [text]}}


def as_events() -> Iterator[tuple[bytes, list[str]]]:
    """Each record in a body of its own kind: with and without escapes, and spread over lines."""
    for record in hostile_records():
        texts = [json.dumps(record), json.dumps(record, ensure_ascii=False), json.dumps(record, indent=1)]
        yield b'{"records":[' + ",\n".join(texts).encode() + b"]}", texts


def is_plain(text: str) -> bool:
    return text.replace("\n", "").isprintable()


async def test_no_text_of_a_record_decides_where_a_document_goes_or_begins_a_line(light_job: LightJob) -> None:
    fed: Counter[str] = Counter()
    for number, (body, texts) in enumerate(as_events()):
        light_job.hub.append(HUB, str(number % 4), body)
        fed.update(texts)
    assert fed.total() > 1000
    light_job.write_policy(content="full")
    daemon = await light_job.start()
    await daemon.wait_to_settle(fed.total())

    places = Counter(stream for stream, _ in light_job.server.stored)
    assert places == {STREAM: fed.total()}
    assert Counter(document["message"] for document in light_job.server.stored.values()) == fed
    keys = {key for document in light_job.server.stored.values() for key in document}
    assert not keys & {"_index", "_id", "_source", "pipeline", "routing", "__proto__", "constructor", "prototype"}
    targets = {json.dumps(document["data_stream"]) for document in light_job.server.stored.values()}
    assert targets == {'{"type": "logs", "dataset": "aoai.logs", "namespace": "light"}'}
    assert await daemon.stop() == 0


async def test_no_answer_of_a_server_begins_a_line_of_the_log_or_orders_a_terminal_about(light_job: LightJob) -> None:
    everything = " ".join(HOSTILE.values())
    light_job.server.faults.append(refuse(403, everything[:250]))
    light_job.server.item_rule = lambda item: (
        None if item.is_dead_letter else {"status": 400, "error": {"type": everything, "reason": everything}}
    )
    daemon = await light_job.start()
    await daemon.wait_to_say("partition claimed")
    tapping = asyncio.create_task(light_job.command("tap", "--count", "20"))
    fed = 0
    async with asyncio.timeout(60):
        while not tapping.done():
            for body, texts in islice(as_events(), 0, None, 20):
                fed += len(texts)
                light_job.hub.append(HUB, "0", body)
            await asyncio.sleep(0.5)
    await daemon.wait_to_settle(fed)

    said = {
        "tap": (await tapping)[1],
        "status": (await light_job.command("status", "--once"))[1],
        "status --json": (await light_job.command("status", "--json"))[1],
    }
    assert await daemon.stop() == 0
    assert {name for name, text in said.items() if not is_plain(text)} == set()
    assert all(said.values())
    assert "\\x1b[2J" in said["status"]
    assert len(said["tap"].splitlines()) == 20
    lines = daemon.text.splitlines()
    assert len(lines) == len(daemon.lines) > 5
    assert is_plain(daemon.text)


def finish_setup(text: str, console: Console) -> None:
    refusal = RefusalError(text, fix=text, where=text)
    with Progress(console) as progress:
        progress.add(Result(AssetId(Kind.ROLE, text), Outcome.REFUSED, refusal=refusal))


def report(text: str) -> dict[str, Any]:
    """What a collector tells, with the text wherever there is one that it does not make itself."""
    counters = {"received": 1, "indexed": 1, "already_there": 0, "dropped": 0, "dead_lettered": 0, "in_flight": 0}
    trouble = {"what": text, "reason": text}
    last = {"@timestamp": "2026-03-10T09:00:00Z", **trouble}
    component = {"component": "output", "name": text, "state": "failed", "troubles": [trouble], "last_error": last}
    return {
        "@timestamp": "2026-03-10T09:00:00+00:00",
        "process": {"version": text, "host": text, "pid": 1, "started_at": 0.0, "resident_bytes": 1},
        "policy": {"file": text, "since": "2026-03-10T09:00:00", "refusal": text},
        "outputs": [{"output": text, "counters": counters, "last_success_at": None}],
        "streams": [{"output": text, "stream": text, "last_success_at": None}],
        "partitions": [
            {
                "stream": text,
                "partition": text,
                "healthy": False,
                "checkpoint_age_seconds": 0.0,
                "lag_events": 1,
                "checkpoint_lag_events": 1,
                "in_flight_records": 1,
                "last_received_at": None,
            }
        ],
        "polling": [
            {
                "stream": text,
                "resources": 1,
                "lag_seconds": 0.0,
                "requests": 1,
                "throttled_requests": 0,
                "failed_requests": 0,
            }
        ],
        "workers": [{"worker": 1, "pid": 1, "started_at": None, "resident_bytes": None, "restarts": 0}],
        "components": [
            component,
            component | {"component": "stream"},
            component | {"component": "worker", "name": "1"},
        ],
    }


PAGES: dict[str, Callable[[str, Console], None]] = {
    "setup": finish_setup,
    "status": lambda text, console: console.print(render_status(report(text), report(text))),
    "gaps": lambda text, console: print_gaps(
        text, [Gap(resource=text, group=text, start=1, end=2, reason=GapReason.UNAVAILABLE, detail=text)], console
    ),
    "replay, what is planned": lambda text, console: show_plan({(text, text): 1}, console),
    "replay, what became of it": lambda text, console: show_fates(
        Fates(Counters(), Counter({text: 1}), [text]), console
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_a_hostile_text_as_it_is(page: str, hostile: str) -> None:
    """Markup stands there as text, control characters as escapes."""
    file = io.StringIO()
    PAGES[page](HOSTILE[hostile], Console(file=file, width=2000, force_terminal=False))
    shown = file.getvalue()

    assert is_plain(shown)
    first = HOSTILE[hostile].split("\n")[0].strip()
    if first.isprintable():
        assert first in shown


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("as_json", [False, True])
def test_check_shows_a_hostile_text_as_it_is(
    hostile: str, as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    text = HOSTILE[hostile]
    show([Finding(Row.CONNECTION, text, Found.FAILED, text, text)], as_json=as_json)
    shown = capsys.readouterr().out

    assert is_plain(shown)
    if as_json:
        assert json.loads(shown)["rows"][0]["what"] == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_no_message_field_or_exception_begins_a_line_of_the_log(
    stream: type[io.StringIO], hostile: str, root_logger_as_it_was: None
) -> None:
    out, text = stream(), HOSTILE[hostile]
    configure_logs(level="info", stream=out)
    try:
        raise ValueError(text)  # noqa: TRY301 - a traceback is what is under test
    except ValueError:
        logging.getLogger("collector.x").exception("%s", text, extra={"reason": text})
    shown = out.getvalue()

    assert is_plain(shown)
    first, *others = shown.rstrip("\n").split("\n")
    assert first
    assert [line for line in others if not line.startswith("    ")] == []
    assert others == [] or stream is Terminal


@pytest.fixture
def root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quieted = {name: logging.getLogger(name).level for name in ("azure", "elastic_transport", "aiohttp", "grpc")}
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in quieted.items():
        logging.getLogger(name).setLevel(former)
