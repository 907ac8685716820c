"""S9 of the guarantees: nothing that comes from outside makes a parser raise what it does not say, or lose a byte.

Real inputs are mutated: those in ``corpus/``, and those of other tests. What once broke something is in the corpus and
is run as it is. In full size (``--full``) each target is mutated for an hour, or for the seconds in AOAI_FUZZ_SECONDS,
from numbers that no run had before. Beside these, hypothesis makes inputs of its own in
``tests/policy/test_policy_properties.py``, ``tests/unit/test_splitting_properties.py``,
``tests/unit/test_redact_hostile.py`` and ``tests/golden/test_records_of_any_kind.py``.
"""

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elastic_agent_client.generated import elastic_agent_client_pb2 as protocol
from google.protobuf.json_format import ParseError
from plugins.elastic_agent import input_unit, output_unit
from plugins.mutation import mutate
from plugins.poison import ALIVE, DEAD, EMPTY

from collector.agent.component.translation import translate
from collector.agent.component.units import Units
from collector.events import Entry, Record, Reject, RejectReason
from collector.inputs.azure_metrics.answers import read_answer, read_batch
from collector.inputs.azure_metrics.cursors import read_ledger
from collector.inputs.azure_metrics.refusals import RefusedByAzureError
from collector.inputs.azure_metrics.scopes import decode
from collector.inputs.replay.letter_file import read_file
from collector.inputs.splitting import split
from collector.output.elasticsearch.backing_indices import read_backing_indices
from collector.output.elasticsearch.client import Answer
from collector.output.elasticsearch.outcomes import GarbledReplyError, all_created, read_reply
from collector.policy import PolicyError, load_policy
from collector.redact.levels import MetadataLevel, RedactedLevel

TESTS = Path(__file__).parents[1]
CORPUS = Path(__file__).parent / "corpus"
LEVELS = {
    "metadata": MetadataLevel(b"k" * 32),
    "redacted": RedactedLevel(b"k" * 32, lambda text: text.replace("secret", "[secret]")),
}
HOUR = 3600.0
LONGEST_SEED = 10_000
APIM = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/GATEWAY"


def check_events(body: bytes, _: Path) -> None:
    """It splits, every record is one JSON object in one text, and stays itself when it is sent again."""
    for entry in split(body):
        assert isinstance(entry, Record | Reject)
        if isinstance(entry, Record):
            msgspec.json.decode(entry.text, type=dict[str, msgspec.Raw])
            [again] = split(b'{"records":[' + entry.text.encode() + b"]}")
            assert isinstance(again, Record)
            assert again.text == entry.text.strip()
        else:
            assert entry.reason in RejectReason


def check_redaction(level: str) -> Callable[[bytes, Path], None]:
    """It keeps a record a record, and bounded, whatever its body is and wherever it stands."""

    def check(body: bytes, _: Path) -> None:
        for entry in [*split(body), *_around(body)]:
            left = LEVELS[level].apply(entry)
            if isinstance(left, Record):
                msgspec.json.decode(left.text, type=dict[str, msgspec.Raw])
                assert len(left.text) < 40 * len(body) + 4000

    return check


def _around(body: bytes) -> Iterator[Entry]:
    text = body.decode("utf-8", "replace")
    record = {"category": "GatewayLlmLogs", "resourceId": APIM, "properties": {"requestBody": text}}
    whole = json.dumps(record)
    yield Record(whole)


def check_policy(text: bytes, folder: Path) -> None:
    """That no message shows a secret is in ``tests/policy/test_policy_properties.py``."""
    file = folder / "policy.yml"
    file.touch(mode=0o600)
    file.write_bytes(text)
    with suppress(PolicyError):
        load_policy(file, {"A": "value"})


def check_bulk_reply(body: bytes, _: Path) -> None:
    """What is read has an answer for each item; otherwise nothing is known of any."""
    for expected in (1, 3, 5):
        try:
            assert len(read_reply(body, expected)) == expected
        except GarbledReplyError:
            assert not all_created(body, expected)
    assert len(Answer(400, body).reason) <= 300


def check_metric_reply(body: bytes, _: Path) -> None:
    for read in (lambda: [read_answer(body)], lambda: read_batch(body)):
        try:
            for answer in read():
                answer.metrics()
                assert isinstance(answer.resource_key, str)
        except RefusedByAzureError:
            pass


def check_backing_indices(lines: bytes, _: Path) -> None:
    stream, _, settings = lines.partition(b"\n")
    with suppress(ValueError, RecursionError):  # as it says, and as its caller expects
        read_backing_indices(stream, settings)


def check_cursor(state: bytes, _: Path) -> None:
    with suppress(msgspec.DecodeError):
        list(decode(state))


def check_ledger(lines: bytes, _: Path) -> None:
    read_ledger(lines.split(b"\n"))


def check_letters(content: bytes, folder: Path) -> None:
    """Every line is in a letter, or in an error."""
    file = folder / "letters.ndjson"
    file.write_bytes(content)
    found = list(read_file(file))
    lines = content.split(b"\n")
    assert bool(found) == any(lines)
    assert len(found) <= len(lines)


def check_units(lines: bytes, _: Path) -> None:
    """What an agent sends is valid by its protocol; what it means may be anything."""
    output, _, source = lines.partition(b"\n")
    try:
        parts: list[dict[str, Any]] = [json.loads(line) for line in (output, source)]
        json.dumps(parts, ensure_ascii=False).encode()  # texts of the protocol are UTF-8
        expected = [output_unit(**_plain(parts[0])), input_unit(**_plain(parts[1]))]
    except (ValueError, TypeError, RecursionError, AttributeError, ParseError):
        return
    units = Units()
    units.take(expected)
    with suppress(PolicyError):
        translate(units.of_type(protocol.INPUT), units.of_type(protocol.OUTPUT))


def _plain(keys: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if key not in {"unit_id", "state", "hosts"}}


def read_all(*folders: Path, pattern: str = "*") -> list[bytes]:
    return [path.read_bytes() for folder in folders for path in sorted(folder.rglob(pattern)) if path.is_file()]


def golden_events() -> list[bytes]:
    return [b'{"records":[' + record + b"]}" for record in read_all(TESTS / "golden" / "cases", pattern="record.json")]


@dataclass(frozen=True)
class Target:
    """What is fed, from where, and how often in CI."""

    check: Callable[[bytes, Path], None]
    seeds: Callable[[], list[bytes]]
    examples: int


def events() -> list[bytes]:
    poison = [*(body for body, _ in DEAD.values()), *ALIVE.values(), *EMPTY.values()]
    return [body for body in [*poison, *golden_events()] if len(body) < LONGEST_SEED]


def bodies() -> list[bytes]:
    return [*read_all(TESTS / "unit" / "hostile_bodies"), *golden_events()]


def from_corpus(name: str) -> Callable[[], list[bytes]]:
    return lambda: read_all(CORPUS / name)


TARGETS = {
    "events": Target(check_events, events, 3000),
    "bodies at metadata": Target(check_redaction("metadata"), bodies, 2000),
    "bodies at redacted": Target(check_redaction("redacted"), bodies, 1500),
    "policies": Target(check_policy, lambda: read_all(TESTS / "policy", pattern="*.yml"), 500),
    "bulk replies": Target(check_bulk_reply, from_corpus("bulk-replies"), 1500),
    "metric replies": Target(check_metric_reply, from_corpus("metric-replies"), 1500),
    "backing indices": Target(check_backing_indices, from_corpus("backing-indices"), 1000),
    "cursors": Target(check_cursor, from_corpus("cursors"), 1000),
    "gap ledgers": Target(check_ledger, from_corpus("gap-ledgers"), 1000),
    "dead letters": Target(check_letters, from_corpus("dead-letters"), 1000),
    "Fleet's units": Target(check_units, from_corpus("fleet-units"), 500),
}


def run(target: Target, examples: Iterator[bytes], folder: Path) -> int:
    """Feed them; a failure tells the input, which belongs into the corpus."""
    count = 0
    for example in examples:
        try:
            target.check(example, folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the input must be told
            pytest.fail(f"{type(error).__name__}: {error}\nbase64 of the input: {b64encode(example).decode()}")
        count += 1
    return count


def mutated(seeds: Sequence[bytes], target: Target, *, full: bool) -> Iterator[bytes]:
    if not full:
        yield from (mutate(seeds, number) for number in range(target.examples))
        return
    end = time.monotonic() + float(os.environ.get("AOAI_FUZZ_SECONDS", HOUR))
    number = time.time_ns()
    while time.monotonic() < end:
        yield mutate(seeds, number)
        number += 1


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_in_the_corpus_breaks_nothing(name: str, tmp_path: Path) -> None:
    seeds = TARGETS[name].seeds()
    assert run(TARGETS[name], iter(seeds), tmp_path) == len(seeds) > 0


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", TARGETS)
def test_no_mutation_breaks_anything(name: str, tmp_path: Path, full_size: bool) -> None:
    target = TARGETS[name]
    count = run(target, mutated(target.seeds(), target, full=full_size), tmp_path)
    assert count >= (target.examples if not full_size else 1)


def test_there_are_enough_of_them() -> None:
    assert sum(target.examples for target in TARGETS.values()) >= 10_000
    assert {folder.name for folder in CORPUS.iterdir()} == {
        name.replace("Fleet's units", "fleet-units").replace(" ", "-")
        for name, target in TARGETS.items()
        if target.seeds not in {events, bodies} and name != "policies"
    }
