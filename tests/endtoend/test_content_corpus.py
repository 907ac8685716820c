"""The labelled corpus through the real daemon into the engine: every item, in every shape at full size, some also cut.

Searched are all documents with their originals, the dead letters, the file of those that are refused too, the log, the
data folder and /metrics.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import batched
from pathlib import Path

import pytest
from plugins.corpus_bodies import SeededBody, found_in, gateway_record, seed_bodies
from plugins.daemon import HUB, PARTITIONS, Daemon, Documents, Job
from plugins.labelled_corpus import SEED, make_corpus
from plugins.scraping import read_page

pytestmark = pytest.mark.timeout(300)
"""At full size."""

_DATASETS = ("aoai.logs", "aoai.gateway", "aoai.deadletter")
_NUMBER = re.compile(r"00000001-1111-4222-8333-(\d{12})")
_BODIES_OF_A_RECORD = 6
_RECORDS_OF_AN_EVENT = 16
_PATIENCE_SECONDS = 120


CORPUS = make_corpus()
SECRETS = {item.value for item in CORPUS if item.kind}
HARMLESS = {item.text for item in CORPUS if not item.kind}
ALL = SECRETS | HARMLESS


@dataclass(frozen=True)
class Sent:
    """A record as it went into the hub; the last of each event is cut there and becomes a dead letter."""

    number: int
    text: str
    bodies: tuple[SeededBody, ...]
    is_whole: bool

    @property
    def values(self) -> set[str]:
        """What was put into its bodies."""
        return set[str]().union(*(body.values for body in self.bodies))


@cache
def records(*, every: int) -> tuple[tuple[Sent, ...], ...]:
    """All records, event by event; each item is in every n-th shape whole, and in some more of them cut."""
    source = random.Random(SEED)
    bodies = [*seed_bodies(CORPUS, cut=False, every=every), *seed_bodies(CORPUS, cut=True, every=every * 3)]
    made = (
        Sent(number, json.dumps(gateway_record(number, [body.text for body in several])), several, is_whole=True)
        for number, several in enumerate(batched(bodies, _BODIES_OF_A_RECORD))
    )
    return tuple((*several[:-1], _cut(several[-1], source)) for several in batched(made, _RECORDS_OF_AN_EVENT))


def _cut(sent: Sent, source: random.Random) -> Sent:
    begin = sent.text.index('"properties"') + len('"properties": {')
    return Sent(sent.number, sent.text[: source.randrange(begin, len(sent.text) - 2)], sent.bodies, is_whole=False)


def feed(job: Job, events: Iterable[tuple[Sent, ...]]) -> dict[int, Sent]:
    """Put the events into the hub; return the records by their number."""
    fed: dict[int, Sent] = {}
    for index, several in enumerate(events):
        job.hub.append(
            HUB, str(index % PARTITIONS), ('{"records":[' + ",".join(each.text for each in several)).encode()
        )
        fed |= {each.number: each for each in several}
    return fed


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def number_of(text: str) -> int:
    """Which record a document or a line is about; every document tells."""
    found = _NUMBER.search(text)
    assert found, text[:1000]
    return int(found.group(1))


async def documents_of(documents: Documents) -> dict[str, list[str]]:
    """Every document of the namespace as a text, by data set."""
    return {
        dataset: [json.dumps(source, ensure_ascii=False) for source in await documents.sources(dataset)]
        for dataset in _DATASETS
    }


async def said_beside(job: Job, daemon: Daemon) -> Iterator[str]:
    """Log, /metrics and small files, of a daemon that is ended with it."""
    await daemon.scrape()
    assert daemon.watch.url is not None
    _, page = await read_page(daemon.watch.url, "/metrics")
    assert await daemon.stop() == 0
    files = [path for path in job.data.rglob("*") if path.is_file() and path.suffix != ".ndjson"]
    return iter([page, daemon.text, *(path.read_bytes().decode("utf-8", "replace") for path in files)])


@pytest.mark.parametrize("level", ["metadata", "redacted"])
async def test_the_corpus_stays_where_the_level_wants_it(
    level: str, job: Job, documents: Documents, full_size: bool
) -> None:
    job.write_policy(content=level, preserve_original_event=True)
    events = records(every=1 if full_size else 4)
    fed = feed(job, events)
    assert set[str]().union(*(sent.values for sent in fed.values())) == ALL
    daemon = await job.start()
    await daemon.wait_to_settle(len(fed), patience=_PATIENCE_SECONDS)
    held = await documents_of(documents)
    for text in await said_beside(job, daemon):
        assert found_in(text, ALL) == set()
    texts = [text for several in held.values() for text in several]
    assert sorted(map(number_of, texts)) == sorted(fed)
    assert len(held["aoai.deadletter"]) == len(events)
    found = [(fed[number_of(text)], found_in(text, fed[number_of(text)].values)) for text in texts]
    if level == "metadata":
        assert [(sent.text, values) for sent, values in found if values] == []
        return
    assert len(left := set[str]().union(*(values & SECRETS for _, values in found))) <= len(SECRETS) * 0.01, left
    whole = [(sent, values) for sent, values in found if sent.is_whole and all(body.is_whole for body in sent.bodies)]
    gone = set[str]().union(*((sent.values & HARMLESS) - values for sent, values in whole))
    assert len(whole) > len(fed) / 2
    assert len(gone) <= len(HARMLESS) * 0.005, gone


@pytest.mark.parametrize("level", ["metadata", "redacted"])
async def test_the_file_of_refused_dead_letters_holds_no_more(
    level: str, job: Job, documents: Documents, full_size: bool
) -> None:
    for dataset in _DATASETS:
        await documents.refuse_everything(dataset)
    job.write_policy(content=level)
    fed = feed(job, records(every=1 if full_size else 4)[:: 1 if full_size else 4])
    daemon = await job.start()
    await daemon.wait_to_settle(len(fed), patience=_PATIENCE_SECONDS)
    for text in await said_beside(job, daemon):
        assert found_in(text, ALL) == set()
    letters = lines_of(job.data / "dead-letters-default.ndjson")[1::2]
    assert sorted(map(number_of, letters)) == sorted(fed)
    left = set[str]().union(*(found_in(letter, fed[number_of(letter)].values) for letter in letters))
    if level == "metadata":
        assert left == set()
    else:
        assert len(left & SECRETS) <= len(SECRETS) * 0.01, left & SECRETS
