"""The gap ledger: runs of minutes that never overlap, nothing forgotten, nothing twice."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState, OpenGaps, join, settle

REASONS = [GapReason.NO_VALUE, GapReason.THROTTLED, GapReason.NOT_RUNNING]
spans = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda each: (each[0], each[0] + each[1]))
steps = st.lists(st.tuples(st.sampled_from([*REASONS, None]), spans), max_size=25)


def minutes_of(gaps: Iterable[Gap]) -> dict[int, GapReason]:
    return {minute: gap.reason for gap in gaps for minute in range(gap.start, gap.end)}


@settings(deadline=None)
@given(steps=steps)
def test_runs_say_of_each_minute_what_was_noted_first_and_not_cut_since(
    steps: list[tuple[GapReason | None, tuple[int, int]]],
) -> None:
    gaps = OpenGaps("r", "g")
    expected: dict[int, GapReason] = {}
    for reason, (start, end) in steps:
        if reason is None:
            taken = minutes_of(gaps.cut(start, end))
            assert taken == {minute: expected[minute] for minute in expected if start <= minute < end}
            expected = {minute: reason for minute, reason in expected.items() if not start <= minute < end}
        else:
            gaps.note(start, end, reason, since=60)
            expected = dict.fromkeys(range(start, end), reason) | expected
    assert minutes_of(gaps) == expected
    runs = list(gaps)
    assert all(before.end <= after.start for before, after in pairwise(runs))


def test_a_run_grows_while_its_reason_lasts_and_keeps_when_it_began() -> None:
    gaps = OpenGaps("r", "g")
    for minute in range(3):
        gaps.note(minute, minute + 1, GapReason.THROTTLED, since=60 * minute, detail=f"pause {minute}")
    [run] = gaps
    assert (run.start, run.end, run.since, run.detail) == (0, 3, 0, "pause 2")


def test_what_azure_answered_with_no_value_is_not_asked_for_again() -> None:
    gaps = OpenGaps("r", "g")
    gaps.note(0, 5, GapReason.NO_VALUE, since=0)
    gaps.note(5, 9, GapReason.REFUSED, since=0)
    assert [(gap.start, gap.end) for gap in gaps.unanswered()] == [(5, 9)]


def test_settled_runs_that_touch_are_one_line_of_the_ledger() -> None:
    gaps = OpenGaps("r", "g")
    gaps.note(0, 9, GapReason.UNAVAILABLE, since=0)
    pieces = [piece for start in (0, 3, 6) for piece in gaps.cut(start, start + 3)]
    [line] = join(settle(piece, GapState.CLOSED, at=90) for piece in pieces)
    assert (line.start, line.end, line.state, line.settled, line.minutes) == (0, 9, GapState.CLOSED, 90, 9)
