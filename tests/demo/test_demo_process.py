"""The demo as people start it: it works, it accounts, and it leaves nothing behind however it ends."""

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

# The engine of these tests is the demo's own; the fixture is asked for so that it is prepared before the first of them.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(180), pytest.mark.usefixtures("engine_url")]

StartDemo = Callable[..., Any]


def test_a_run_of_a_fixed_amount_accounts_for_every_record_and_metric_and_leaves_only_its_page(
    start_demo: StartDemo,
) -> None:
    demo = start_demo("--once", "--records", "3000")
    code = demo.wait()
    said = ["Every record is accounted for.", "Every final value of Azure Monitor is stored once."]
    assert (code, [each for each in said if each not in demo.output], demo.left_over()) == (0, [], []), demo.output
    assert demo.output.splitlines()[-1] == f"Dashboards: {demo.page}"
    page = demo.page.read_text(encoding="utf-8")
    assert re.search(r"<title>\[Azure OpenAI\] Overview and \d+ more</title>", page)
    assert page.count("<h1") > 1


def test_output_that_is_no_terminal_holds_no_control_code(start_demo: StartDemo) -> None:
    demo = start_demo("--once", "--records", "200")
    demo.wait()
    assert [character for character in demo.output if character < " " and character != "\n"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_engine_starts_ends_everything(start_demo: StartDemo, number: signal.Signals) -> None:
    demo = start_demo("--once", "--records", "2000")
    demo.wait_for_process("EngineMain")
    code = demo.signal(number)
    assert (code, demo.output.splitlines()[-1], demo.left_over()) == (
        128 + number,
        "Stopped; nothing is left running.",
        [],
    )


def test_ctrl_c_at_once_ends_without_a_traceback(start_demo: StartDemo) -> None:
    demo = start_demo("--once", "--records", "2000")
    demo.wait_for_process("engine_host")
    code = demo.signal(signal.SIGINT)
    assert (code, "Traceback" in demo.output, demo.left_over()) == (130, False, [])


def test_ctrl_c_while_the_collector_runs_ends_everything(start_demo: StartDemo) -> None:
    demo = start_demo("--once", "--records", "20000")
    demo.wait_for_process("--policy")
    code = demo.signal(signal.SIGINT)
    assert (code, "Traceback" in demo.output, demo.left_over()) == (130, False, [])


def test_ctrl_c_is_how_the_live_page_ends(start_demo: StartDemo) -> None:
    demo = start_demo("--records", "500")
    demo.wait_for("requests in the last 10 minutes")
    assert (demo.signal(signal.SIGINT), "Traceback" in demo.output, demo.left_over()) == (0, False, [])
    assert demo.output.splitlines()[-2:] == [f"Dashboards: {demo.page}", "Stopped; nothing is left running."]
    assert demo.page.exists()


def test_a_collector_that_dies_is_said_in_one_message(start_demo: StartDemo) -> None:
    demo = start_demo("--once", "--records", "20000")
    demo.wait_for("Installing pipelines")
    os.kill(demo.wait_for_process("--policy"), signal.SIGKILL)
    assert (demo.wait(), "The collector ended unexpectedly (exit code -9)." in demo.output, demo.left_over()) == (
        1,
        True,
        [],
    )


def test_an_engine_that_dies_is_said_in_one_message(start_demo: StartDemo) -> None:
    demo = start_demo("--once", "--records", "20000")
    demo.wait_for("Installing pipelines")
    os.kill(demo.wait_for_process("EngineMain"), signal.SIGKILL)
    code = demo.wait()
    assert (code, "The engine ended unexpectedly" in demo.output, "Traceback" in demo.output, demo.left_over()) == (
        1,
        True,
        False,
        [],
    )


def test_nothing_outlives_a_demo_that_is_killed(start_demo: StartDemo) -> None:
    demo = start_demo("--once", "--records", "20000")
    demo.wait_for_process("--policy")
    demo.signal(signal.SIGKILL)
    assert demo.left_over() == []
