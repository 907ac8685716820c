"""Draws the pictures of the package, on a day of made-up traffic: ``python -m collector.scenario.pictures``.

Starts the embedded engine, installs what the package ships, writes the day and draws dashboards in light and dark into
``integration/img/``. The manifest names them, with their sizes, for Kibana to show.
"""

import asyncio
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

from elasticsearch import AsyncElasticsearch, Elasticsearch

from collector.assets.files import package_root
from collector.assets.installation import install
from collector.assets.panels.model import TimeRange
from collector.engine import EmbeddedEngine
from collector.preview.gathering import choose_dashboards, fill
from collector.preview.picture import draw_picture
from collector.preview.theme import THEMES
from collector.scenario.conditions import throttle
from collector.scenario.day import draw_day
from collector.scenario.ledger import Ledger
from collector.scenario.writing import write_day

SHOWN: Final = ("aoai-overview",)
"""Ids of the dashboards that have pictures."""
_SEED: Final = 7
_CALLS: Final = 20_000
_DAY: Final = datetime(2026, 8, 19, tzinfo=UTC)
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def draw_pictures(client: Elasticsearch, ledger: Ledger, namespace: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each picture, of a day that lies in a namespace."""
    here = {"term": {"data_stream.namespace": namespace}}
    period = TimeRange(ledger.start, ledger.end - timedelta(milliseconds=1))
    for dashboard, theme in product(choose_dashboards(SHOWN), THEMES):
        filled = fill(client, dashboard, period, filters=[here])
        yield f"{dashboard.id}-{theme.name}.png", compress(draw_picture(filled, theme))


def compress(picture: bytes) -> bytes:
    """Return the same PNG with its pixels deflated as far as it goes: a third of the bytes, in every archive."""
    header, pixels, place = b"", b"", len(_SIGNATURE)
    while place < len(picture):
        (size,) = struct.unpack_from(">I", picture, place)
        kind, end = picture[place + 4 : place + 8], place + size + 12
        if kind == b"IDAT":
            pixels += picture[place + 8 : end - 4]
        elif not pixels:
            header += picture[place:end]
        place = end
    body = zlib.compress(zlib.decompress(pixels), 9)
    return _SIGNATURE + header + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_pictures(url: str, folder: Path) -> None:
    """Write the pictures, from an empty engine at an address."""
    asyncio.run(_install(url))
    noon = _DAY.replace(hour=12)
    storm = throttle("aoai-shop-us/chat-prod", noon, noon + timedelta(hours=1))
    ledger = draw_day(_SEED, _DAY.date(), calls=_CALLS, incidents=[storm])
    with Elasticsearch(url, request_timeout=60) as client:
        write_day(client, ledger)
        for name, content in draw_pictures(client, ledger, "default"):
            (folder / name).write_bytes(content)


async def _install(url: str) -> None:
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        await install(client)


if __name__ == "__main__":
    with EmbeddedEngine() as engine:
        write_pictures(engine.url, package_root() / "img")
