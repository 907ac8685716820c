"""The levels ``metadata`` and ``redacted``: from an entry to what may leave of it."""

import re
from collections.abc import Sequence
from itertools import repeat
from operator import contains
from typing import Any, Final, cast, override

import msgspec

from collector.events import Entry, Record, Reject, category_of
from collector.redact import ContentPolicy, RedactText
from collector.redact.bodies import decode_json
from collector.redact.cut_json import close_json
from collector.redact.markers import CUT, Markers
from collector.redact.records import Records
from collector.redact.treatments import Redacting, Treatment, Withholding

WITHHELD: Final = "[withheld]"
"""The key of a record that could not be read, with the marker of its text."""
_WITHOUT_BODY: Final = frozenset({"Audit", "RequestResponse", "AzureOpenAIRequestUsage"})
_WRITER: Final = "/PROVIDERS/MICROSOFT.COGNITIVESERVICES/"
_LONGEST_WITHOUT_BODY: Final = 4096
"""Characters. Records of these categories have about 1,000; a longer one holds what nobody knows of."""
_CATEGORY: Final = re.compile(r"[A-Za-z]{1,64}")

_encode = msgspec.json.Encoder().encode


class _Level(ContentPolicy):
    """What both levels share: which entries are read, and what becomes of those that cannot be."""

    def __init__(self, treatment: Treatment, markers: Markers) -> None:
        self._records = Records(treatment)
        self._markers = markers

    @override
    def apply(self, entry: Entry) -> Entry:
        if not isinstance(entry, Record):
            return Reject(self._salvage(entry.source), entry.reason, entry.detail)
        kept = self.apply_to_all((entry.text,), (category_of(entry.text),))[0]
        return entry if kept is entry.text else type(entry)(kept)

    @override
    def apply_to_all(self, texts: Sequence[str], categories: Sequence[str | None]) -> Sequence[str]:
        # Most records have no body, and this look is all that the policy costs them.
        if _WITHOUT_BODY.issuperset(categories) and _have_no_body(texts):
            return texts
        return [
            text if category in _WITHOUT_BODY and _have_no_body((text,)) else self._treated(text, category)
            for text, category in zip(texts, categories, strict=True)
        ]

    def _treated(self, text: str, category: str | None) -> str:
        written = self._read(text, category)
        return text if written is None else written.decode()

    def _read(self, text: str, category: str | None) -> bytes | None:
        try:
            treated = self._records.apply(decode_json(text), text)
            return None if treated is None else _encode(treated)
        except Exception:  # noqa: BLE001 - whatever stops the reading, the text must not leave for it
            named = {"category": category} if category is not None and _CATEGORY.fullmatch(category) else {}
            return _encode(named | {WITHHELD: self._markers.text(text)})

    def _salvage(self, source: bytes) -> bytes:
        """Return what can be read safely of a piece that is no record: cut records show how far they came."""
        text = source.decode("utf-8", "replace")
        closed = close_json(text)
        try:
            value = decode_json(closed) if closed is not None else None
            if type(value) is not dict:
                return self._markers.raw(source).encode()
            return _encode(self._salvaged(cast("dict[str, Any]", value)) | {CUT: len(text)})
        except Exception:  # noqa: BLE001 - as above
            return self._markers.raw(source).encode()

    def _salvaged(self, value: dict[str, Any]) -> dict[str, Any]:
        records = value.get("records")
        if type(records) is not list:
            return self._records.apply(value) or {}
        whole = (cast("dict[str, Any]", item) for item in cast("list[Any]", records) if type(item) is dict)
        return {"records": [self._salvaged(item) for item in whole]}


def _have_no_body(texts: Sequence[str]) -> bool:
    """Tell whether records of categories without bodies are what they say: short, and of Azure OpenAI."""
    return max(map(len, texts), default=0) <= _LONGEST_WITHOUT_BODY and all(map(contains, texts, repeat(_WRITER)))


class MetadataLevel(_Level):
    """Every text of a body becomes its length and a keyed hash."""

    def __init__(self, key: bytes) -> None:
        markers = Markers(key)
        super().__init__(Withholding(markers), markers)


class RedactedLevel(_Level):
    """Texts of bodies stay but for what the patterns find; what cannot be read becomes a marker."""

    def __init__(self, key: bytes, redact_text: RedactText) -> None:
        super().__init__(Redacting(redact_text), Markers(key))
