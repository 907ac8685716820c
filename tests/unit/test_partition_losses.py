"""What counts as lost in the hub: numbers that are missing between what was received, and nothing else."""

import pytest

from collector.inputs.event_hub.progress import StreamProgress

type Batch = tuple[int, int]
"""How many events, and the number of the last."""


def lose(*batches: Batch, resumes_after: int | None = None) -> int:
    progress = StreamProgress("logs")
    progress.claim("0", resumes_after=resumes_after)
    for events, last in batches:
        progress.receive("0", last, events=events)
    return progress.lost("0")


@pytest.mark.parametrize(
    ("batches", "lost"),
    [
        ([(3, 12), (2, 14)], 0),
        ([(3, 12), (2, 24)], 10),
        ([(3, 12), (2, 24), (1, 30)], 15),
        ([(3, 12), (3, 12), (1, 13)], 0),
    ],
    ids=["one after the other", "dropped in between", "dropped twice", "handed out again"],
)
def test_numbers_that_are_missing_between_batches_are_lost(batches: list[Batch], lost: int) -> None:
    assert lose(*batches) == lost


def test_numbers_that_are_missing_within_a_batch_are_lost() -> None:
    assert lose((1, 9), (3, 14)) == 2


def test_numbers_that_are_missing_after_a_checkpoint_are_lost() -> None:
    assert lose((2, 101), resumes_after=49) == 50
    assert lose((2, 51), resumes_after=49) == 0


def test_where_nothing_was_read_before_nothing_is_known_to_be_lost() -> None:
    assert lose((2, 101)) == 0


def test_a_loss_stays_told_when_the_partition_comes_back() -> None:
    progress = StreamProgress("logs")
    progress.claim("0", resumes_after=4)
    progress.receive("0", 9)
    progress.leave("0")
    progress.claim("0", resumes_after=9)
    progress.receive("0", 10)
    assert (progress.lost("0"), progress.lost("1")) == (4, 0)


def test_a_loss_is_said(caplog: pytest.LogCaptureFixture) -> None:
    lose((1, 9), resumes_after=4)
    (line,) = [vars(record) for record in caplog.records if "dropped them before" in record.message]
    assert (line["levelname"], line["events"], line["after"]) == ("ERROR", 4, 4)
