"""What is remembered of a minute: enough to tell what is new, what came late and what has changed, and no more."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.inputs.azure_metrics.series import Rows
from collector.inputs.azure_metrics.written import changes, trace_of

keys = st.sampled_from([bytes([number]) * 8 for number in range(6)])
numbers = st.one_of(st.none(), st.integers(0, 3), st.floats(0, 3))
values = st.tuples(numbers, numbers).filter(lambda pair: pair != (None, None))
rows = st.dictionaries(keys, st.dictionaries(st.integers(0, 5), values, min_size=1), max_size=6)


@settings(deadline=None)
@given(before=rows, after=rows)
def test_everything_that_an_answer_adds_is_found_and_everything_it_changes_is_counted(
    before: Rows, after: Rows
) -> None:
    written = trace_of(before).records
    assert written is not None
    found = changes(after, written)
    assert found.fresh == {key: row for key, row in after.items() if key not in before}
    assert found.grown == {
        key: late
        for key, row in after.items()
        if key in before and (late := {index: each for index, each in row.items() if index not in before[key]})
    }
    assert found.restated == sum(
        any(after.get(key, {}).get(index) != each for index, each in row.items()) for key, row in before.items()
    )


@settings(deadline=None)
@given(first=rows, second=rows)
def test_traces_are_equal_when_answers_are(first: Rows, second: Rows) -> None:
    assert (trace_of(first).digest == trace_of(second).digest) == (first == second)


@settings(deadline=None)
@given(before=rows, after=rows)
def test_what_was_taken_over_is_found_only_once(before: Rows, after: Rows) -> None:
    trace = changes(after, trace_of(before).records or b"").trace
    assert trace.digest == trace_of(after).digest
    again = changes(after, trace.records or b"")
    assert (again.fresh, again.grown) == ({}, {})


def test_twelve_is_twelve_however_azure_writes_it() -> None:
    assert trace_of({b"k" * 8: {0: (12,)}}).digest == trace_of({b"k" * 8: {0: (12.0,)}}).digest


def test_the_next_whole_number_is_another_value() -> None:
    large = 2**53
    assert trace_of({b"k" * 8: {0: (large,)}}).digest != trace_of({b"k" * 8: {0: (large + 1,)}}).digest


def test_twenty_bytes_are_remembered_for_a_document() -> None:
    assert len(trace_of({bytes([each]) * 8: {0: (1,), 63: (2,)} for each in range(10)}).records or b"") == 200
