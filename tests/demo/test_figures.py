"""Figures as people read them."""

import pytest

from collector.demo.figures import (
    draw_bars,
    format_bytes,
    format_count,
    format_latency,
    format_rate,
    format_share,
    format_span,
)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "-"),
        (0.42, "0.4 ms"),
        (48.2, "48 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (1_412, "1.41 s"),
        (9_996, "10.0 s"),
        (16_240, "16.2 s"),
        (124_000, "124 s"),
    ],
)
def test_a_latency_changes_its_unit_with_its_size(ms: float | None, text: str) -> None:
    assert format_latency(ms) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.0 KiB"),
        (4_300, "4.2 KiB"),
        (1_048_575, "1.0 MiB"),
        (124_000_000, "118 MiB"),
        (3 * 1024**4, "3.0 TiB"),
    ],
)
def test_bytes_count_in_powers_of_1024(size: int, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "-"),
        (0, 10, "0.0 %"),
        (1, 100_000, "<0.1 %"),
        (-1, 100_000, "<0.1 %"),
        (74, 1_000, "7.4 %"),
        (3, 3, "100.0 %"),
    ],
)
def test_a_share_never_rounds_something_to_nothing(part: int, whole: int, text: str) -> None:
    assert format_share(part, whole) == text


def test_counts_rates_and_spans_are_short() -> None:
    assert (format_count(12_345), format_rate(33.14), format_rate(3_210.4), format_span(45), format_span(600)) == (
        "12,345",
        "33.1",
        "3,210",
        "45 s",
        "10 min",
    )


def test_bars_are_blank_only_for_zero() -> None:
    assert draw_bars([0, 1, 500, 1_000], ascii_only=False) == " ▁▄█"


def test_bars_need_no_unicode() -> None:
    assert draw_bars([0, 1, 500, 1_000], ascii_only=True).isascii()


def test_bars_of_nothing_are_blank() -> None:
    assert draw_bars([0, 0], ascii_only=False) == "  "
