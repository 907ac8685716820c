"""The guard of `.ci/run`: a daemon that has become slower beside the script fails it, and so does measuring nothing."""

import sys

import pytest

from benchmarks.cases import run_once
from benchmarks.guard import CASE, SHARE, NothingToCompareError, find_floor, guard, holds
from benchmarks.measuring import Run
from benchmarks.record import Figures, Record, read_record


class Machine:
    """Measures what it is told to."""

    def __init__(self, *ratios: float) -> None:
        self._ratios = list(ratios)

    def measure(self, subject: str) -> Run:
        """Return a run of the daemon with the next ratio to the script, which has 1."""
        return Run(1000, 1000 / self._ratios.pop(0) if subject == "daemon" else 1000, 0)

    @property
    def turns_left(self) -> int:
        return len(self._ratios)


def test_three_turns_of_five_above_the_floor_hold() -> None:
    machine = Machine(2.5, 1.5, 2.5, 1.5, 2.0)
    assert holds(machine.measure, 2.0)


def test_three_turns_of_five_below_the_floor_do_not() -> None:
    machine = Machine(2.5, 1.9, 1.9, 2.5, 1.9)
    assert not holds(machine.measure, 2.0)


@pytest.mark.parametrize("ratio", [3.0, 1.0], ids=["above", "below"])
def test_no_turn_is_run_that_cannot_change_the_median(ratio: float) -> None:
    machine = Machine(*[ratio] * 5)
    holds(machine.measure, 2.0)
    assert machine.turns_left == 2


def test_the_floor_is_a_share_of_the_ratio_that_is_committed() -> None:
    cases = {CASE.name: {"daemon": Figures(500, 1, 100), "script": Figures(100, 5.0, 80)}}
    assert find_floor(Record("day", "commit", "machine", 0, cases, [])) == pytest.approx(5.0 * SHARE)


@pytest.mark.parametrize("record", [None, Record("day", "commit", "machine", 0, {}, [])], ids=["no file", "no ratio"])
def test_without_a_committed_ratio_there_is_no_floor(record: Record | None) -> None:
    with pytest.raises(NothingToCompareError, match="run make bench"):
        find_floor(record)


def test_the_committed_results_have_the_ratio() -> None:
    assert find_floor(read_record()) > 0


COMMITTED = Record("day", "commit", "machine", 0, {"25": {"script": Figures(100, 5.0, 80)}}, [])


@pytest.mark.parametrize(("ratio", "code"), [(4.9, 0), (3.1, 0), (2.9, 1)], ids=["as ever", "noise", "slower"])
def test_the_guard_fails_for_a_daemon_that_has_lost_more_than_two_fifths(ratio: float, code: int) -> None:
    assert guard(Machine(*[ratio] * 5).measure, COMMITTED) == code


def test_the_guard_fails_without_a_committed_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(Machine(9.0).measure, None) == 1
    assert "nothing was measured" in capsys.readouterr().err


def test_the_guard_fails_when_a_subject_dies_and_says_its_last_words(capsys: pytest.CaptureFixture[str]) -> None:
    def dying(*_: object) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('no reason')"]

    assert guard(lambda _: run_once(CASE, dying, 1000), COMMITTED) == 1
    assert "nothing was measured: the subject ended with 1: no reason" in capsys.readouterr().err
