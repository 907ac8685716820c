"""The bytes of an event, whatever AMQP body a sender chose, from the SDK's own message types."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.message import Message
from hypothesis import given
from hypothesis import strategies as st

from collector.inputs.event_hub.body import read_body
from collector.inputs.splitting import split

RECORDS = b'{"records":[{"a":1}]}'


def received(**sections: Any) -> EventData:
    """An event as the SDK makes it from a message that came over the wire."""
    return EventData._from_message(Message(**sections))


@pytest.mark.parametrize("parts", [[RECORDS], [RECORDS[:5], RECORDS[5:]], [b"", RECORDS], [b""]])
def test_data_sections_are_joined(parts: list[bytes]) -> None:
    assert read_body(received(data=parts)) == b"".join(parts)


@pytest.mark.parametrize("body", [RECORDS, RECORDS.decode(), [RECORDS[:9], RECORDS[9:]]])
def test_an_event_made_by_a_sender_reads_the_same(body: Any) -> None:
    assert read_body(EventData(body)) == RECORDS


@pytest.mark.parametrize("value", [RECORDS, RECORDS.decode()])
def test_an_amqp_value_of_text_or_bytes_is_taken_as_it_is(value: bytes | str) -> None:
    assert read_body(received(value=value)) == RECORDS


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"a": 1, "b": [True, None]}, {"a": 1, "b": [True, None]}), (7, 7), (2**64 - 1, 2**64 - 1), (None, None)],
)
def test_an_amqp_value_of_another_kind_becomes_json(value: Any, expected: Any) -> None:
    assert json.loads(read_body(received(value=value))) == expected


def test_an_amqp_sequence_becomes_a_json_array() -> None:
    assert json.loads(read_body(received(sequence=[[1, 2], ["x"]]))) == [[1, 2], ["x"]]


def test_a_message_without_a_body_holds_no_record() -> None:
    assert split(read_body(received())) == []


ODD = {
    "a lone surrogate": "\ud800",
    "a lone surrogate in a map": {"a": "\ud800"},
    "bytes as keys": {b"a": 1},
    "a tuple as key": {(1, 2): 3},
    "a uuid": uuid.UUID(int=1),
    "a time": datetime(2026, 1, 1, tzinfo=UTC),
    "not a number": float("nan"),
    "an object nobody knows": {"x": object},
    "a number beyond 64 bits": 2**70,
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_no_odd_amqp_value_is_an_error(value: Any) -> None:
    body = read_body(received(value=value))

    assert body
    split(body)


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.uuids() | st.datetimes()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=8
)


@given(VALUES)
def test_no_amqp_value_at_all_is_an_error(value: Any) -> None:
    split(read_body(received(value=value)))
