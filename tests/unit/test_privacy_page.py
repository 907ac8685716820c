"""docs/privacy.md shows one record at each level; what it shows is what the levels do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from collector.events import Record
from collector.redact.hash_key import derive_key
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, TextRedactor

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
SHOWN: dict[str, Any] = {
    level: json.loads(block) for level, block in re.findall(r"```json (\w+)\n(.*?)```", PAGE, re.DOTALL)
}
KEY = derive_key("the key of this page")
LEVELS = {"metadata": MetadataLevel(KEY), "redacted": RedactedLevel(KEY, TextRedactor(PATTERNS).redact)}


def test_the_page_shows_each_level() -> None:
    assert list(SHOWN) == ["full", "redacted", "metadata"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_page_shows_what_the_level_does(level: str) -> None:
    text = json.dumps(SHOWN["full"], separators=(",", ":"))
    out = LEVELS[level].apply(Record(text))
    assert isinstance(out, Record)
    assert json.loads(out.text) == SHOWN[level]
