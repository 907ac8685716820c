"""Log lines: one line each, whatever their values hold; JSON for machines, text for a terminal."""

import io
import json
import logging
from collections.abc import Iterator
from typing import override

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.telemetry.logs import configure_logs

FORGED = "x\n12:00:00 INFO    all is well"


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("azure", "elastic_transport", "aiohttp")}
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)


def test_a_line_for_a_machine_is_ecs_json() -> None:
    stream = io.StringIO()
    configure_logs(level="info", stream=stream)
    logging.getLogger("collector.x").warning("it is down", extra={"error.message": FORGED, "azure.partition_id": "3"})

    [line] = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["log.level"], entry["message"], entry["log"]["logger"]) == ("warning", "it is down", "collector.x")
    assert entry["error"]["message"] == FORGED
    assert entry["azure"]["partition_id"] == "3"
    assert {"@timestamp", "ecs.version"} <= set(entry)


def test_a_line_for_a_person_shows_the_level_the_message_and_the_fields() -> None:
    stream = Terminal()
    configure_logs(level="info", stream=stream)
    logging.getLogger("collector.x").warning("it is down", extra={"error.message": "refused", "seconds": 3})

    [line] = stream.getvalue().splitlines()
    assert line[8:] == " WARNING it is down  error.message=refused  seconds=3"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text() | st.sampled_from([FORGED, "\r", "\u2028", "\x85", "\x1b[2J", "\0", "\u202e"]))
def test_no_value_makes_a_line_of_its_own(stream: type[io.StringIO], value: str) -> None:
    out = stream()
    configure_logs(level="info", stream=out)
    logging.getLogger("collector.x").info("records so far", extra={"reason": value})

    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b" not in out.getvalue()


def test_an_exception_is_told_on_both() -> None:
    for stream in (io.StringIO(), Terminal()):
        configure_logs(level="info", stream=stream)
        try:
            raise ValueError("the cause")  # noqa: TRY301 - a traceback is what is under test
        except ValueError:
            logging.getLogger("collector.x").exception("collector fails")

        assert "the cause" in stream.getvalue()


def test_levels_below_the_one_asked_for_are_silent() -> None:
    stream = io.StringIO()
    configure_logs(level="warning", stream=stream)
    logging.getLogger("collector.x").info("a change of state")

    assert stream.getvalue() == ""


def test_what_the_azure_sdk_complains_of_is_left_to_our_own_callbacks() -> None:
    stream = io.StringIO()
    configure_logs(level="debug", stream=stream)
    logging.getLogger("azure.eventhub").error("Endpoint=sb://x;SharedAccessKey=secret")

    assert stream.getvalue() == ""
