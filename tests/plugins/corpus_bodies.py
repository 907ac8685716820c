"""The labelled corpus inside bodies: every item in every shape, and the search for what of it got out.

A shape is written once with a mark at each of its places; a mark holds a quote, so that the backslashes before it tell
how often a text must be escaped there.
"""

import base64
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from typing import Any, Final
from urllib.parse import quote, quote_plus

from plugins.bodies import written_bodies
from plugins.labelled_corpus import SEED, Item

_MARK: Final = re.compile(r'<<(\\*)"(\d+)>>')
_MOST_PLACES: Final = 1000
_BACKSLASHES: Final = re.compile(r"\\+")
_HEX_OF_URL: Final = re.compile(r"%[0-9A-F]{2}")
_FOR_URLS: Final = str.maketrans("+/", "-_")


@dataclass(frozen=True)
class SeededBody:
    """One body with the items whose texts were put into it; after a cut some of them may be gone."""

    shape: str
    text: str
    items: tuple[Item, ...]
    is_whole: bool

    @property
    def values(self) -> set[str]:
        """What is searched for: the secrets, and of harmless items the whole texts."""
        return {item.value or item.text for item in self.items}


def shapes() -> dict[str, list[str]]:
    """Return each shape that holds texts, with marks at their places, in every way that it is written."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, body in written_bodies(f'<<"{place}>>' for place in range(_MOST_PLACES)):
        if _MARK.search(body):
            found[name.partition(",")[0]].append(body)
    return dict(found)


def seed_bodies(items: list[Item], *, cut: bool, every: int = 1) -> Iterator[SeededBody]:
    """Put every item into every shape, or every n-th one, whole or cut somewhere; ways of writing it take turns."""
    source = random.Random(SEED)
    for number, (shape, ways) in enumerate(shapes().items()):
        taking = items[number % every :: every]
        waiting, written = source.sample(taking, len(taking)), cycle(ways)
        while waiting:
            template = next(written)
            places = sorted({found.group(2) for found in _MARK.finditer(template)})
            taken, waiting = waiting[: len(places)], waiting[len(places) :]
            body = _fill(template, dict(zip(places, cycle(taken), strict=False)))
            yield SeededBody(shape, body[: source.randrange(1, len(body))] if cut else body, tuple(taken), not cut)


def _fill(template: str, texts: dict[str, Item]) -> str:
    # Indented bodies are the ones in ASCII.
    to_ascii = "\n" in template.rstrip() and not template.startswith(("data:", "event:"))

    def write(mark: re.Match[str]) -> str:
        text = texts[mark.group(2)].text
        for _ in range((len(mark.group(1)) + 1).bit_length() - 1):
            text = json.dumps(text, ensure_ascii=to_ascii)[1:-1]
        return text

    return _MARK.sub(write, template)


def gateway_record(number: int, bodies: list[str]) -> dict[str, Any]:
    """Return a record of API Management with up to six bodies."""
    keys = ("requestBody", "responseBody", "backendRequestBody", "backendResponseBody", "requestMessages")
    return {
        "time": "2026-03-10T09:01:03.5611234Z",
        "category": "GatewayLogs",
        "operationName": "Microsoft.ApiManagement/GatewayLogs",
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/GATEWAY",
        "correlationId": f"00000001-1111-4222-8333-{number:012}",
        "properties": dict(zip((*keys, "responseMessages"), bodies, strict=False)),
    }


@cache
def _forms_of(value: str) -> tuple[str, ...]:
    """Return a value plain, in JSON, URL-coded and in base64 at each of the three alignments."""
    coded = (quote(value, safe=""), quote_plus(value))
    forms = [value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], *coded]
    forms += [_HEX_OF_URL.sub(lambda found: found.group().lower(), each) for each in coded]
    data = value.encode()
    for shift in range(3):
        # Characters that hold bits of what stands beside the value are left out.
        begin, end = -(-shift * 8 // 6), (shift + len(data)) * 8 // 6
        sure = base64.b64encode(b"\0" * shift + data + b"\0\0").decode()[begin:end]
        forms += [sure, sure.translate(_FOR_URLS)]
    return tuple({_flat(form): None for form in forms})


def found_in(text: str, values: Iterable[str]) -> set[str]:
    """Return the values that a text holds in whatever form, however deep in JSON."""
    flat = _flat(text)
    return {value for value in values if any(form in flat for form in _forms_of(value))}


def _flat(text: str) -> str:
    """Leave one backslash of however many: JSON in JSON doubles them."""
    return _BACKSLASHES.sub(r"\\", text)
