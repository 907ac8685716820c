"""Trouble is said once, once a minute while it lasts, and once when it is over."""

import logging
from collections.abc import Iterator
from typing import override

import pytest

from collector.telemetry.trouble import Trouble


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[logging.LogRecord] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        record.message = record.getMessage()
        self.heard.append(record)


@pytest.fixture
def said() -> Iterator[list[logging.LogRecord]]:
    """All that is logged while a test runs."""
    listener, logger = Listener(), logging.getLogger("collector.telemetry.trouble")
    level = logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    yield listener.heard
    logger.removeHandler(listener)
    logger.setLevel(level)


def test_the_same_trouble_is_said_once(clock: Clock, said: list[logging.LogRecord]) -> None:
    trouble = Trouble("output", clock)
    for _ in range(100):
        trouble.report("it is down", "refused")

    assert [(line.levelname, line.message) for line in said] == [("WARNING", "it is down")]
    assert trouble.what == "it is down"


def test_trouble_that_lasts_is_said_again_each_minute(clock: Clock, said: list[logging.LogRecord]) -> None:
    trouble = Trouble("output", clock)
    for _ in range(181):
        trouble.report("it is down", "refused")
        clock.now += 1

    assert len(said) == 4


def test_two_troubles_in_turn_are_each_said_once_a_minute(clock: Clock, said: list[logging.LogRecord]) -> None:
    trouble = Trouble("output", clock)
    for _ in range(59):
        trouble.report("it is down", "refused")
        trouble.report("it is full", "429")
        clock.now += 1

    assert sorted(line.message for line in said) == ["it is down", "it is full"]
    assert trouble.what == "it is full"


def test_the_end_is_said_once_with_how_long_it_took(clock: Clock, said: list[logging.LogRecord]) -> None:
    trouble = Trouble("output", clock)
    trouble.report("it is down", "refused")
    clock.now += 12.34
    trouble.report("it is full", "429")
    trouble.over()
    trouble.over()

    [line] = [line for line in said if line.levelname == "INFO"]
    assert (line.message, line.__dict__["seconds"], trouble.what) == ("recovered", 12.3, None)


def test_no_success_is_said_while_all_is_well(said: list[logging.LogRecord]) -> None:
    Trouble("output").over()

    assert said == []


def test_trouble_that_comes_back_after_a_minute_is_news(clock: Clock, said: list[logging.LogRecord]) -> None:
    trouble = Trouble("output", clock)
    trouble.report("it is down", "refused")
    trouble.over()
    clock.now += 60
    trouble.report("it is down", "refused")

    assert [line.message for line in said] == ["it is down", "recovered", "it is down"]


def test_trouble_that_comes_and_goes_is_said_once_a_minute(clock: Clock, said: list[logging.LogRecord]) -> None:
    trouble = Trouble("output", clock)
    for _ in range(59):
        trouble.report("it asks to wait", "429")
        trouble.over()
        clock.now += 1

    assert [line.message for line in said] == ["it asks to wait", "recovered"]


def test_what_asks_for_a_person_is_an_error(said: list[logging.LogRecord]) -> None:
    Trouble("output").report("the key is refused", "401", grave=True)

    assert [line.levelname for line in said] == ["ERROR"]


def test_the_message_is_constant_and_the_reason_is_a_field(said: list[logging.LogRecord]) -> None:
    Trouble("output").report("it is down", "a reason with %s and %d\nand lines")

    [line] = said
    assert line.message == "it is down"
    assert line.__dict__["error.message"] == "a reason with %s and %d\nand lines"
    assert line.__dict__["component"] == "output"
