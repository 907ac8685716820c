"""Progress on a terminal and in a log."""

import io

import pytest
from rich.console import Console

from collector.demo.steps import Steps


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def write_log(clock: Clock, *updates: float) -> list[str]:
    """The lines of a step that reports at these times and ends with the last one."""
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture, Steps(console, clock=clock).step("Downloading") as step:
        for number, moment in enumerate(updates, start=1):
            clock.now = moment
            step.update(number, len(updates), f"{number} of {len(updates)}")
    return capture.get().splitlines()


def test_a_quick_step_is_one_line(clock: Clock) -> None:
    assert write_log(clock, 0.5, 1.0, 2.5) == ["Downloading: 2.5 s, 3 of 3"]


def test_a_slow_step_shows_life_without_filling_the_log(clock: Clock) -> None:
    assert write_log(clock, *(number * 0.1 for number in range(251))) == [
        "Downloading ... 101 of 251",
        "Downloading ... 201 of 251",
        "Downloading: 25.0 s, 251 of 251",
    ]


def test_a_step_that_failed_leaves_no_line_of_success(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture, pytest.raises(OSError, match="gone"), Steps(console, clock=clock).step("Start"):
        raise OSError("gone")
    assert capture.get() == ""


def test_a_step_of_no_interest_leaves_no_line(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture, Steps(console, clock=clock).step("Preparing", leaves_line=False):
        clock.now = 1.0
    assert capture.get() == ""


def test_a_terminal_sees_a_bar_and_then_the_line(clock: Clock) -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True)
    with Steps(console, clock=clock).step("Downloading") as step:
        step.update(1, 2, "27 MiB of 54 MiB")
    assert "Downloading: 0.0 s, 27 MiB of 54 MiB" in file.getvalue()
