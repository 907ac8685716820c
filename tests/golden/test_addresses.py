"""``source.ip`` holds what Python's own parser takes for an address, and nothing else; a record keeps all others."""

import ipaddress
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

WRITTEN = """
203.0.113.25 0.0.0.0 255.255.255.255 256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 +1.2.3.4 1.2.3.-0 1..2.3 1.2.3. .1.2.3 1.2.3.٤
203.0.113.*** 203.0.113.25:443 unknown localhost - :: ::1 1:: 2001:db8::7 2001:DB8:0:0:8:800:200C:417A
64:ff9b::192.0.2.33 ::ffff:203.0.113.25 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1::2::3
::: : ::1: :1:: 1:2:3:4:5:6:7:: ::12345 ::g
[::1] [::1]:443 ::1.2.3 1.2.3.4:: ::1.2.3.4:5 2026-03-10T09:01:06Z a:b:c 12:34:56 ::1:2:3:4:5:6:7 ::1:2:3:4:5:6:7:8 ::٤
1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4 0:0:0:0:0:0:0:00001
"""
LETTERS = {**dict.fromkeys("0123456789af", 6), ":": 40, ".": 20, "g": 1}


def random_texts(count: int) -> list[str]:
    chance = random.Random(11)
    return ["".join(chance.choices(list(LETTERS), LETTERS.values(), k=chance.randint(1, 24))) for _ in range(count)]


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("texts", [WRITTEN.split(), random_texts(1_500)], ids=["written", "random"])
def test_an_address_is_what_a_parser_takes(
    texts: list[str], as_collected: Callable[..., Document], process_all: Callable[[list[Document]], list[Document]]
) -> None:
    made = process_all([as_collected(json.dumps({"callerIpAddress": text})) for text in texts])
    taken = {text: document.get("source", {}).get("ip") for text, document in zip(texts, made, strict=True)}
    assert taken == {text: text if is_address(text) else None for text in texts}
    assert [document["source"]["address"] for document in made] == texts


def test_random_texts_hold_addresses_too() -> None:
    assert sum(map(is_address, random_texts(1_500))) >= 20
