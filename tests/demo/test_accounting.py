"""The account: a ledger against what was found, and each kind of fault named."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from collector.demo.accounting import Account, Tally, settle
from collector.demo.expectations import Event, Expectation, Fate, expect_dead_letter
from collector.demo.ledger import Ledger, Place, Trace
from collector.demo.traffic import Traffic

PLACE = Place("2", 17)
CALLS = tuple(
    Expectation(Fate.INDEXED, "call", "RequestResponse", correlation_id=name, status=200, deployment="chat-prod")
    for name in ("first", "second", "third")
)
EVENT = Event(b"...", "truncated", (*CALLS, expect_dead_letter("truncated")))
SECOND = Trace(Fate.INDEXED, PLACE, "second", 200, "chat-prod")


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.enter(PLACE, EVENT)
    return ledger


@pytest.fixture
def found(ledger: Ledger) -> Counter[Trace]:
    return Counter(ledger.traces)


def tally(account: Account, fate: Fate) -> Tally:
    return next(tally for tally in account.tallies if tally.fate is fate)


def test_the_account_is_balanced_when_all_was_found(ledger: Ledger, found: Counter[Trace]) -> None:
    assert settle(ledger, found) == Account(
        (Tally(Fate.INDEXED, 3, 3, 0, 0, 0), Tally(Fate.DEAD_LETTER, 1, 1, 0, 0, 0)), faults=()
    )


def test_a_missing_record_is_named_with_its_position(ledger: Ledger, found: Counter[Trace]) -> None:
    del found[SECOND]
    account = settle(ledger, found)
    assert account.faults == ("missing: indexed [second, 200, chat-prod] of partition 2, event 17 (truncated)",)
    assert tally(account, Fate.INDEXED) == Tally(Fate.INDEXED, expected=3, found=2, missing=1, altered=0, extra=0)


def test_a_missing_dead_letter_is_named_with_its_reason(ledger: Ledger, found: Counter[Trace]) -> None:
    del found[Trace(Fate.DEAD_LETTER, PLACE, "truncated")]
    assert settle(ledger, found).faults == ("missing: dead letter [truncated] of partition 2, event 17 (truncated)",)


def test_a_doubled_record_is_extra(ledger: Ledger, found: Counter[Trace]) -> None:
    found[SECOND] += 1
    account = settle(ledger, found)
    assert (tally(account, Fate.INDEXED).extra, account.faults[0].split(":")[0]) == (1, "extra")


def test_documents_with_the_same_fault_share_a_line(ledger: Ledger, found: Counter[Trace]) -> None:
    found[SECOND] += 6
    assert [fault.split(" indexed ")[0] for fault in settle(ledger, found).faults] == ["extra: 6 times"]


def test_one_lost_and_one_doubled_in_the_same_event_do_not_cancel_out(ledger: Ledger, found: Counter[Trace]) -> None:
    found[SECOND] -= 1
    found[Trace(Fate.INDEXED, PLACE, "first", 200, "chat-prod")] += 1
    assert not settle(ledger, found).balanced


def test_a_record_with_another_status_is_altered(ledger: Ledger, found: Counter[Trace]) -> None:
    del found[SECOND]
    found[SECOND._replace(status=500)] += 1
    account = settle(ledger, found)
    assert tally(account, Fate.INDEXED) == Tally(Fate.INDEXED, expected=3, found=2, missing=0, altered=1, extra=0)
    assert account.faults == (
        (
            "altered: indexed [second, 200, chat-prod] of partition 2, event 17 (truncated), "
            "but found [second, 500, chat-prod]"
        ),
    )


def test_a_record_that_became_a_dead_letter_is_missing_there_and_extra_here(
    ledger: Ledger, found: Counter[Trace]
) -> None:
    del found[SECOND]
    found[Trace(Fate.DEAD_LETTER, PLACE, "mapper_parsing_exception")] += 1
    account = settle(ledger, found)
    assert (tally(account, Fate.INDEXED).missing, tally(account, Fate.DEAD_LETTER).extra) == (1, 1)


def test_a_document_of_an_event_that_was_never_fed_is_extra(ledger: Ledger, found: Counter[Trace]) -> None:
    found[Trace(Fate.INDEXED, Place("9", 1), "stray")] += 1
    assert settle(ledger, found).faults == ("extra: indexed [stray] of partition 9, event 1 (nothing was fed there)",)


def test_the_totals_of_a_ledger_are_those_of_the_events() -> None:
    ledger = Ledger()
    events = list(Traffic(5, datetime(2026, 3, 10, tzinfo=UTC)).events(3_000))
    for number, event in enumerate(events):
        ledger.enter(Place("0", number), event)
    expected = [expectation for event in events for expectation in event.expected]
    assert (ledger.events, ledger.documents, ledger.bytes, ledger.statuses, ledger.deployments) == (
        len(events),
        len(expected),
        sum(len(event.body) for event in events),
        Counter(each.status for each in expected if each.status is not None),
        Counter(each.deployment for each in expected if each.deployment is not None),
    )
