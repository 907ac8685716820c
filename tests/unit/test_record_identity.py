"""Record ids: the definition of decision 4, recomputed here with the standard library."""

import base64
import hashlib
import re
import subprocess
import sys
import zlib
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.delivery.identity import EventIds, record_id, record_ids
from collector.events import Source

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


class Place(NamedTuple):
    """All that an id is made of."""

    host: str = "Ns.ServiceBus.windows.net"
    hub: str = "hub"
    partition: str = "3"
    sequence_number: int = 4711
    enqueued: str = "2026-03-10T09:01:06.000Z"
    index: int = 2
    body: bytes = b'{"records":[{"a":1}]}'


HERE = Place()


def id_of(place: Place, group: str = "$Default") -> str:
    ids = EventIds(Source(place.host, place.hub, group), place.partition)
    return record_id(ids.event_id(place.sequence_number, place.enqueued, place.body), place.index).decode()


def test_an_id_is_the_base64url_of_120_bits_of_a_sha_256_that_names_the_event_and_then_the_index() -> None:
    checksum = zlib.crc32(HERE.body).to_bytes(4).hex()
    named = f"ns.servicebus.windows.net\0hub\0003\0004711\0{HERE.enqueued}\00021\0{checksum}"
    digest = hashlib.sha256(named.encode()).digest()[:15]

    assert id_of(HERE) == base64.urlsafe_b64encode(digest + b"\0\0\2").decode()


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**24 - 1), st.binary())
def test_an_id_has_24_characters_that_are_safe_in_a_url(sequence_number: int, index: int, body: bytes) -> None:
    made = id_of(HERE._replace(sequence_number=sequence_number, index=index, body=body))

    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", made)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_ids_made_together_are_those_made_one_by_one(first: int, count: int) -> None:
    ids = EventIds(Source(HERE.host, HERE.hub, "$Default"), HERE.partition)
    event = ids.event_id(HERE.sequence_number, HERE.enqueued, HERE.body)

    assert record_ids(event, first, count) == [record_id(event, index) for index in range(first, first + count)]


def test_another_process_makes_the_same_id() -> None:
    code = f"""
import sys
from collector.delivery.identity import EventIds, record_id
from collector.events import Source
ids = EventIds(Source({HERE.host!r}, {HERE.hub!r}, "other"), {HERE.partition!r})
event_id = ids.event_id({HERE.sequence_number}, {HERE.enqueued!r}, {HERE.body!r})
sys.stdout.write(record_id(event_id, {HERE.index}).decode())
"""

    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert made.stdout == id_of(HERE)


def test_the_case_of_the_host_makes_no_other_id() -> None:
    assert id_of(HERE._replace(host=HERE.host.upper())) == id_of(HERE._replace(host=HERE.host.lower()))


def test_the_consumer_group_makes_no_other_id() -> None:
    assert id_of(HERE, group="a") == id_of(HERE, group="b")


@pytest.mark.parametrize(
    "other",
    [
        HERE._replace(host="other.servicebus.windows.net"),
        HERE._replace(hub="hub2"),
        HERE._replace(partition="4"),
        HERE._replace(sequence_number=4712),
        HERE._replace(enqueued="2026-03-10T09:01:06.001Z"),
        HERE._replace(index=3),
        HERE._replace(body=b'{"records":[{"a":2}]}'),
    ],
    ids=Place._fields,
)
def test_each_component_makes_another_id(other: Place) -> None:
    assert id_of(other) != id_of(HERE)


TIMES = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z") | st.just("")
NUMBERS = st.integers(-1, 2**63 - 1)
PLACES = st.builds(Place, NAMES, NAMES, NAMES, NUMBERS, TIMES, st.integers(0, 999), st.binary(max_size=12))


def as_azure_compares(place: Place) -> Place:
    return place._replace(host=place.host.lower(), hub=place.hub.lower())


@given(PLACES, PLACES)
def test_two_places_have_two_ids(one: Place, other: Place) -> None:
    assert (id_of(one) == id_of(other)) == (as_azure_compares(one) == as_azure_compares(other))


@given(PLACES, st.integers(0, 10**9))
def test_a_boundary_between_two_components_cannot_move(place: Place, number: int) -> None:
    def differ(one: Place, other: Place) -> bool:
        return id_of(one) != id_of(other)

    host, hub, partition, *_ = place
    assert differ(place._replace(host=host + "x"), place._replace(hub="x" + hub))
    assert differ(place._replace(hub=f"{hub}{number}"), place._replace(partition=f"{number}{partition}"))
    one, other = place._replace(sequence_number=int(f"1{number}")), place._replace(sequence_number=1)
    assert differ(one, other._replace(enqueued=f"{number}{place.enqueued}"))
