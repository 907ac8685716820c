"""``python -m benchmarks.sizing``: measure, print and write the page."""

import argparse

from benchmarks.sizing.kinds import Kind, draw, kinds
from benchmarks.sizing.page import PAGE, MetricsSize, Size, render
from benchmarks.sizing.storing import LEVELS, Store, started
from collector.scenario.ledger import Ledger
from collector.scenario.metering import write_metrics


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--records", type=int, default=10_000, help="records of each kind")
    parser.add_argument("--no-write", action="store_true", help="leave results/SIZING.md as it is")
    options = parser.parse_args()
    with started() as store:
        page = measure(store, options.records)
    print(page)
    if not options.no_write:
        PAGE.write_text(page, encoding="utf-8")


def measure(store: Store, records: int) -> str:
    """Store so many records of each kind, and a day of metrics, and return the page."""
    ledger = draw(records)
    sizes = [_measure(store, kind) for kind in kinds(ledger, records)]
    return render(sizes, _measure_metrics(store, ledger))


def _measure(store: Store, kind: Kind) -> Size:
    levels = LEVELS if kind.has_texts else ["metadata"]
    sizes = {level: store.store_records(kind, level) for level in levels}
    return Size(kind, sizes, store.store_records(kind, "metadata", original=True))


def _measure_metrics(store: Store, ledger: Ledger) -> MetricsSize:
    deployments = {minute.place.name for minute in ledger.metered}
    return MetricsSize(len(ledger.calls), len(deployments), store.store_metrics(write_metrics(ledger)))


if __name__ == "__main__":
    main()
