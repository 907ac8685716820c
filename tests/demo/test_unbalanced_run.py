"""A run in which something is lost or changed on the way ends with 1 and names it."""

import io
from collections.abc import Callable
from datetime import datetime

import pytest
from rich.console import Console

from collector.demo import run
from collector.emulators.azure_monitor import Arrival, Sample
from collector.emulators.azure_monitor.arrival import Fate
from collector.emulators.event_hubs import EventHubsEmulator

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180), pytest.mark.usefixtures("engine_url")]

Append = Callable[[EventHubsEmulator, str, str, bytes], int]


def run_once(monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes]) -> tuple[int, str]:
    """Run on traffic whose first event that can be is changed between ledger and hub; return the code and the words."""
    append = EventHubsEmulator.append
    changed: list[bytes] = []

    def tamper(emulator: EventHubsEmulator, hub: str, partition: str, body: bytes) -> int:
        if not changed and change(body) != body:
            changed.append(body)
            body = change(body)
        return append(emulator, hub, partition, body)

    monkeypatch.setattr(EventHubsEmulator, "append", tamper)
    console = Console(file=io.StringIO(), width=140)
    with console.capture() as capture:
        code = run.run_demo(once=True, records=300, console=console)
    return code, " ".join(capture.get().split())


def test_a_record_withheld_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PATIENCE_S", 4.0)  # the record never comes, so all of it is waited out
    code, shown = run_once(
        monkeypatch, lambda body: body.split(b',{"Tenant"')[0] + b"]}" if b',{"Tenant"' in body else body
    )
    assert (code, "missing: indexed [" in shown, "not as foretold" in shown) == (1, True, True)


def test_a_record_with_another_status_is_altered(monkeypatch: pytest.MonkeyPatch) -> None:
    code, shown = run_once(
        monkeypatch, lambda body: body.replace(b'"resultSignature":"200"', b'"resultSignature":"418"', 1)
    )
    assert (code, "1 document is not as foretold" in shown, "but found [" in shown, ", 418, " in shown) == (
        1,
        True,
        True,
        True,
    )


def test_a_record_twice_in_its_event_is_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def double(body: bytes) -> bytes:
        first = body.removeprefix(b'{"records":[').split(b',{"')[0]
        return body.replace(b'{"records":[', b'{"records":[' + first + b",", 1) if first != body else body

    code, shown = run_once(monkeypatch, double)
    assert (code, "extra: indexed [" in shown) == (1, True)


def test_a_metric_value_withheld_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no count of requests, which 300 calls are too few for, so nothing waits for it in vain."""
    show = Arrival.show
    withheld: set[tuple[float, datetime]] = set()

    def tamper(arrival: Arrival, sample: Sample, fate: Fate, minute: datetime, at: datetime | None) -> Sample | None:
        value = (sample.total, minute)
        if at is not None and sample.total > 1_000 and (not withheld or value in withheld):
            withheld.add(value)
            return None
        return show(arrival, sample, fate, minute, at)

    monkeypatch.setattr(Arrival, "show", tamper)
    code, shown = run_once(monkeypatch, lambda body: body)
    assert (code, "The metrics are incomplete: " in shown, "Every record is accounted for." in shown) == (1, True, True)
    assert "missing: " in shown
