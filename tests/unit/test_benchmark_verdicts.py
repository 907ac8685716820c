"""What the benchmarks conclude from runs: verdicts, ratios by turns, slopes of memory, and what the page says."""

import pytest

from benchmarks.cases import Case, judge, times
from benchmarks.document import read_place
from benchmarks.measuring import Run
from benchmarks.page import PAGE, PLACE, compare, draw, render, render_targets
from benchmarks.record import Record, make_record, read_record
from benchmarks.series import Sample, memory_growth, memory_slope, records_per_cpu_second
from benchmarks.verdicts import Verdict

CASE = Case("25", "25 an event", 25, rate=100, times={"script": 5, "go": 2})


def runs(*rates: float) -> list[Run]:
    return [Run(int(rate * 10), 10, 100) for rate in rates]


@pytest.mark.parametrize(
    ("verdict", "missed"),
    [
        (Verdict("c", "w", 9.9, least=10), True),
        (Verdict("c", "w", 10, least=10), False),
        (Verdict("c", "w", 10.1, most=10), True),
        (Verdict("c", "w", 10, most=10), False),
        (Verdict("c", "w", 0), False),
    ],
    ids=["too little", "just enough", "too much", "at the limit", "only told"],
)
def test_a_target_is_missed_when_it_is_not_reached(verdict: Verdict, missed: bool) -> None:
    assert verdict.missed is missed


def test_a_ratio_is_the_median_of_the_turns_and_not_the_ratio_of_the_medians() -> None:
    measured = {"daemon": runs(100, 900, 300), "script": runs(50, 100, 300)}
    assert times(measured, "script") == 2


def test_a_yardstick_that_is_missing_has_no_verdict() -> None:
    verdicts = judge(CASE, {"daemon": runs(400, 500, 600), "script": runs(100, 100, 100)})
    told = [(verdict.what, verdict.reached, verdict.missed) for verdict in verdicts]
    assert told == [("records per CPU second", 500, False), ("times script", 5, False)]


def series(*memory: float) -> list[Sample]:
    return [Sample(10.0 * number, 1000 * number, 2.0 * number, taken) for number, taken in enumerate(memory)]


def test_memory_that_grows_evenly_has_its_growth_a_minute_as_slope() -> None:
    assert memory_slope(series(100, 101, 102, 103)) == pytest.approx(6)


def test_memory_that_goes_up_and_down_has_no_slope() -> None:
    assert memory_slope(series(100, 104, 104, 100)) == pytest.approx(0)


def test_one_sample_has_no_slope() -> None:
    assert memory_slope(series(100)) == 0


def test_growth_is_from_the_first_fifth_to_the_last() -> None:
    assert memory_growth(series(10, 12, 90, 90, 0, 0, 0, 0, 20, 30)) == pytest.approx(14)


def test_the_rate_of_a_series_counts_processor_time() -> None:
    assert records_per_cpu_second(series(1, 1, 1)) == 500


def record() -> Record:
    measured = {"daemon": runs(400), "script": runs(100)}
    return make_record({"25": measured}, judge(CASE, measured))


def test_the_page_has_a_line_for_each_subject_and_each_target() -> None:
    page = render(record(), {"go": "Go is not installed"})
    assert "| 25 an event | daemon | 400 |  | 100 MiB |" in page
    assert "| 25 an event | script | 100 | 4.00 | 100 MiB |" in page
    assert "| 25 | times script | 1 | at least 5.00 | 4.00 | missed |" in page
    assert "go was not measured: Go is not installed." in page


def test_a_run_is_compared_figure_by_figure_with_the_one_before() -> None:
    before, now = record(), record()
    now.verdicts[0] = Verdict("25", "records per CPU second", 500)
    now.verdicts.append(Verdict("25", "new", 1))
    assert list(compare(now, before)) == [
        "25, records per CPU second: 500.0, was 400.0 (+25%)",
        "25, times script: 4.00, was 4.00 (+0%)",
    ]


def test_the_plot_has_a_bar_for_each_subject() -> None:
    drawn = draw(record())
    assert drawn.startswith("<svg")
    assert ">daemon<" in drawn
    assert ">script<" in drawn


def test_the_page_in_docs_has_the_results_that_are_committed() -> None:
    committed = read_record()
    assert committed is not None
    assert read_place(PLACE) == render_targets(committed)
    assert render(committed, {}).splitlines()[-3:] == PAGE.read_text(encoding="utf-8").splitlines()[-3:]
