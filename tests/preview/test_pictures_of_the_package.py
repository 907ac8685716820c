"""The pictures of the package are of its dashboards, and as large as its manifest says."""

import struct
import zlib
from itertools import product
from pathlib import Path

import pytest
import yaml
from elasticsearch import Elasticsearch

from collector.assets.files import package_root
from collector.preview.theme import THEMES
from collector.scenario import Ledger
from collector.scenario.pictures import SHOWN, compress, draw_pictures

SCREENSHOTS = yaml.safe_load((package_root() / "manifest.yml").read_text())["screenshots"]


def size_of(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack_from(">II", picture, 16)


@pytest.mark.parametrize("screenshot", SCREENSHOTS, ids=lambda screenshot: Path(screenshot["src"]).stem)
def test_a_screenshot_is_as_large_as_the_manifest_says(screenshot: dict[str, str]) -> None:
    width, height = size_of((package_root() / screenshot["src"].removeprefix("/")).read_bytes())
    assert (screenshot["size"], screenshot["type"]) == (f"{width}x{height}", "image/png")


def test_each_dashboard_that_has_pictures_has_them_in_light_and_dark() -> None:
    names = {Path(screenshot["src"]).name for screenshot in SCREENSHOTS}
    assert names == {f"{dashboard}-{theme.name}.png" for dashboard, theme in product(SHOWN, THEMES)}


@pytest.mark.engine
def test_pictures_are_drawn_of_a_day(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    drawn = dict(draw_pictures(elasticsearch_client, ledger, scenario_namespace))
    assert drawn.keys() == {Path(screenshot["src"]).name for screenshot in SCREENSHOTS}
    for picture in drawn.values():
        width, height = size_of(picture)
        assert width == 1280
        assert height > 1000


def test_a_compressed_picture_has_the_same_pixels() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = b"\0" + bytes(range(64)) * 3
    deflated = zlib.compress(pixels, 0)
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 1, 8, 2, 0, 0, 0))
    parts = chunk(b"IDAT", deflated[:50]) + chunk(b"IDAT", deflated[50:]) + chunk(b"IEND", b"")
    small = compress(head + parts)
    assert small.startswith(head)
    size, kind = struct.unpack_from(">I4s", small, len(head))
    assert (kind, zlib.decompress(small[len(head) + 8 : len(head) + 8 + size])) == (b"IDAT", pixels)
    assert small.endswith(chunk(b"IEND", b""))
