"""The benchmark of sizes: its records pass the pipelines at every level, and the page adds up what they take."""

from collections.abc import Iterator

import pytest

from benchmarks.sizing.kinds import PROMPT_CHARACTERS, Kind, draw, kinds
from benchmarks.sizing.page import SETUPS, MetricsSize, Size, render
from benchmarks.sizing.storing import LEVELS, Store, Stored, connected
from collector.scenario.metering import write_metrics

LEDGER = draw(5)
KINDS = {kind.name: kind for kind in kinds(LEDGER, 5)}


@pytest.fixture(scope="module")
def store(engine_url: str) -> Iterator[Store]:
    with connected(engine_url) as connection:
        yield connection


def sized(kind: Kind, size: int) -> Size:
    levels = {level: Stored(5, size * 5) for level in (LEVELS if kind.has_texts else ["metadata"])}
    return Size(kind, levels, Stored(5, 0))


@pytest.mark.engine
@pytest.mark.parametrize("level", LEVELS)
def test_all_records_of_a_kind_are_stored_at_each_level(level: str, store: Store) -> None:
    kind = KINDS["GatewayLogs, with bodies"]
    assert store.store_records(kind, level).documents == len(kind.texts) > 0


@pytest.mark.engine
def test_what_a_prompt_takes_depends_on_the_level(store: Store) -> None:
    prompts = KINDS["GatewayLlmLogs, prompt"]
    full, metadata = store.store_records(prompts, "full"), store.store_records(prompts, "metadata")
    assert full.bytes - metadata.bytes > len(prompts.texts) * PROMPT_CHARACTERS / 4


@pytest.mark.engine
def test_every_metric_of_a_day_is_stored(store: Store) -> None:
    documents = list(write_metrics(LEDGER))
    assert store.store_metrics(documents).documents == len(documents) > 0


def test_a_setup_takes_what_its_records_take_together() -> None:
    page = render([sized(kind, 1000) for kind in KINDS.values()], MetricsSize(10, 2, Stored(40, 8000)))
    rows = [line.split(" | ") for line in page.splitlines() if " million | " in line]
    names = [row[0].removeprefix("| ") for row in rows]
    assert list(dict.fromkeys(names)) == list(SETUPS)
    for name, row in zip(names, rows, strict=True):
        records = len(SETUPS[name])
        assert (row[2], row[4]) == (f"{records} million", f"{records}.00 GB |")
    assert "40 documents,\n20 a deployment, of 200 bytes each" in page
