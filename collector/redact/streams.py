"""Puts the events of a streamed answer together: ``data: {...}`` lines become one object.

A stream is treated as one answer and not event by event: the marker of a single word is as good as the word to who
counts, and a pattern does not find what two events share. Keys stay where the API has them, so a reader finds
``usage`` and ``choices[].finish_reason`` on the same paths as in an answer that was not streamed.

Source of the format: server-sent events of the WHATWG HTML standard, as the OpenAI and Anthropic APIs use them.
"""

from typing import Any, Final, cast

import msgspec

from collector.redact.cut_json import close_json
from collector.redact.deltas import DeltaRun

_STARTS: Final = ("data:", "event:", "id:", "retry:", ":")
_DONE: Final = "[DONE]"
_CONCATENATED: Final = frozenset(
    {
        "arguments",
        "content",
        "delta",
        "input",
        "partial_json",
        "reasoning",
        "reasoning_content",
        "refusal",
        "signature",
        "text",
        "thinking",
        "transcript",
    }
)
"""Keys whose texts come in pieces."""
_JOINED: Final = _CONCATENATED | {"severity"}
_SNAPSHOTS: Final = frozenset({"response", "item", "part", "annotation", "tools", "output"})
"""Keys whose values come whole each time."""
_FOUND: Final = frozenset({"filtered", "detected"})
_SEVERITIES: Final = ("safe", "low", "medium", "high")
_MOST_ITEMS: Final = 64
"""Choices or tool calls of one answer that are told apart."""

_PLAIN_KEYS: Final = frozenset({"index", "delta", "finish_reason", "logprobs", "content_filter_results"})

_UNKNOWN: Final = ("\n", "\n")
"""What no line begins and ends with."""
_CONTENT: Final = '"delta":{"content":"'

_decode: Final = msgspec.json.Decoder().decode
_decode_texts: Final = msgspec.json.Decoder(list[str]).decode


class NoStreamError(ValueError):
    """The text is not a stream that can be put together."""


def is_stream(text: str) -> bool:
    """Tell whether a body may be a stream of events."""
    return text.startswith(_STARTS)


class StreamedAnswer:
    """One answer, growing with each event."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}
        self.events = 0
        self.is_cut = False
        self._filters: Any = None
        self._index: Any = None
        self._pieces: list[str] = []
        self._escaped: list[str] = []
        self._before, self._after = _UNKNOWN
        self._deltas = DeltaRun()

    def read(self, text: str) -> None:
        """Take in a whole stream.

        Raises:
            NoStreamError: some line is no event, or its data no JSON object.
            msgspec.DecodeError: the same.
        """
        lines = "\n".join(text.splitlines()) if "\r" in text else text
        whole, _, last = lines.rpartition("\n")
        passed, *events = f"\n{whole}".split("\ndata:")
        _pass_over(passed)
        gather_delta = self._deltas.gather
        for event in events:
            data, _, others = event.partition("\n")
            # What stands between two events is mostly the same.
            if others != passed:
                _pass_over(others)
                passed = others
            if gather_delta(data):
                continue
            if data.startswith(self._before) and data.endswith(self._after):
                self._escaped.append(data[len(self._before) : -len(self._after)])
            else:
                self._read_data(data.strip())
        self._read_last(last)
        self._end_deltas()
        self._flush()
        if not self.events:
            raise NoStreamError

    def _read_data(self, data: str) -> None:
        if data != _DONE:
            event = _decode(data)
            if type(event) is not dict:
                raise NoStreamError
            self._add(cast("dict[str, Any]", event), data)

    def _read_last(self, line: str) -> None:
        """Read what no line end follows: a whole event, a cut one or nothing."""
        data = line[5:].strip()
        if not line.startswith("data:"):
            self.is_cut = bool(line and not line.startswith(_STARTS))
            return
        try:
            self._read_data(data)
        except msgspec.DecodeError:
            self.is_cut = True
            closed = close_json(data)
            if closed is not None:
                self._read_data(closed)

    def _add(self, event: dict[str, Any], data: str) -> None:
        self.events += 1
        self._end_deltas()
        choice = _only_choice(event) if "choices" in event else None
        if choice is not None and self._is_plain(choice):
            piece = choice["delta"]["content"]
            self._unescape()
            self._pieces.append(piece)
            self._before, self._after = _around(piece, data)
            return
        if self._pieces:
            self._flush()
        self._filters = None if choice is None else choice.get("content_filter_results")
        self._index = None if choice is None else choice.get("index")
        _merge(self.value, event)
        self._deltas.begin(event, data)

    def _is_plain(self, choice: dict[str, Any]) -> bool:
        """Tell whether a chunk of a chat brings a piece of text and nothing new beside it; most do."""
        delta = choice.get("delta")
        if type(delta) is not dict or len(cast("dict[str, Any]", delta)) != 1 or not _PLAIN_KEYS.issuperset(choice):
            return False
        is_known = choice.get("content_filter_results") == self._filters and choice.get("index") == self._index
        is_text = type(cast("dict[str, Any]", delta).get("content")) is str
        return is_known and is_text and choice.get("finish_reason") is None and choice.get("logprobs") is None

    def _unescape(self) -> None:
        if self._escaped:
            self.events += len(self._escaped)
            self._pieces += _decode_texts('["' + '","'.join(self._escaped) + '"]')
            self._escaped = []

    def _end_deltas(self) -> None:
        gathered, event = self._deltas.end()
        if gathered:
            self.events += gathered
            _merge(self.value, event)

    def _flush(self) -> None:
        self._unescape()
        self._before, self._after = _UNKNOWN
        if self._pieces:
            choice = {"index": self._index, "delta": {"content": "".join(self._pieces)}}
            self._pieces = []
            _merge(self.value, {"choices": [choice]})


def _pass_over(lines: str) -> None:
    """Look at lines without data.

    Raises:
        NoStreamError: one of them is no line of a stream.
    """
    for line in lines.split("\n"):
        if line and not line.startswith(_STARTS):
            raise NoStreamError


def _around(piece: str, data: str) -> tuple[str, str]:
    """Return what stands in a line, after its ``data:``, before and after the piece of a plain chunk.

    Of the next lines with the same only the piece is read. It is not told of a piece that has escapes, or may stand
    elsewhere.
    """
    before, key, after = data.partition(_CONTENT)
    if not key or _CONTENT in after or not after.startswith(piece + '"'):
        return _UNKNOWN
    return f" {before}{key}", after[len(piece) :]


def _only_choice(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the choice of a chunk that has one and brings no usage."""
    choices = event.get("choices")
    if type(choices) is not list or len(cast("list[Any]", choices)) != 1 or event.get("usage") is not None:
        return None
    choice = cast("list[Any]", choices)[0]
    return cast("dict[str, Any]", choice) if type(choice) is dict else None


def _merge(into: dict[str, Any], event: dict[str, Any]) -> None:
    for key, value in event.items():
        if (type(value) is str and key not in _JOINED) or type(value) is int or key in _SNAPSHOTS:
            into[key] = value
            continue
        old = into.get(key)
        if old is None:
            into[key] = value
        elif value is not None:
            into[key] = _merged(key, old, value)


def _merged(key: str, old: Any, new: Any) -> Any:  # noqa: PLR0911 - one for each kind
    if type(old) is not type(new):
        return new
    match new:
        case dict():
            _merge(old, cast("dict[str, Any]", new))
            return old
        case list():
            return _merge_lists(old, cast("list[Any]", new))
        case str() if key in _CONCATENATED:
            return old + new
        case bool() if key in _FOUND:
            return old or new
        case str() if key == "severity" and old in _SEVERITIES and new in _SEVERITIES:
            return max(old, new, key=_SEVERITIES.index)
        case _:
            return new


def _merge_lists(old: list[Any], new: list[Any]) -> list[Any]:
    """Merge the items that have the same index, and append the others."""
    for item in new:
        same = _same_item(old, item)
        if same is not None:
            _merge(same, item)
        elif len(old) < _MOST_ITEMS:
            old.append(item)
        else:
            raise NoStreamError
    return old


def _same_item(among: list[Any], item: Any) -> dict[str, Any] | None:
    if type(item) is not dict:
        return None
    index = cast("dict[str, Any]", item).get("index")
    found = (cast("dict[str, Any]", each) for each in among if type(each) is dict)
    return None if index is None else next((each for each in found if each.get("index") == index), None)
