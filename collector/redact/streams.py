"""Puts the events of a streamed answer together: ``data: {...}`` lines become one object.

A stream is treated as one answer and not event by event: the marker of a single word is as good as the word to who
counts, and a pattern does not find what two events share. Keys stay where the API has them, so a reader finds
``usage`` and ``choices[].finish_reason`` on the same paths as in an answer that was not streamed.

Source of the format: server-sent events of the WHATWG HTML standard, as the OpenAI and Anthropic APIs use them.
"""

from typing import Any, Final, cast

import msgspec

from collector.redact.cut_json import close_json

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
_SNAPSHOTS: Final = frozenset({"response", "item", "part", "annotation", "tools", "output"})
"""Keys whose values come whole each time."""
_FOUND: Final = frozenset({"filtered", "detected"})
_SEVERITIES: Final = ("safe", "low", "medium", "high")
_MOST_ITEMS: Final = 64
"""Choices or tool calls of one answer that are told apart."""

_decode: Final = msgspec.json.Decoder().decode


class NoStreamError(ValueError):
    """The text is not a stream that can be put together."""


class _PlainDelta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: str


class _PlainChoice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _PlainDelta
    index: int = 0
    finish_reason: None = None
    logprobs: None = None
    content_filter_results: msgspec.Raw = msgspec.Raw()


class _PlainChunk(msgspec.Struct, gc=False):
    """A chunk of a chat completion that brings a piece of text and nothing else; most chunks are such."""

    choices: tuple[_PlainChoice]
    usage: None = None


_decode_plain: Final = msgspec.json.Decoder(_PlainChunk).decode


def is_stream(text: str) -> bool:
    """Tell whether a body may be a stream of events."""
    return text.startswith(_STARTS)


class StreamedAnswer:
    """One answer, growing with each event."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}
        self.events = 0
        self.is_cut = False
        self._filters = b""
        self._pieces: list[str] = []
        self._plain_index: int | None = None

    def read(self, text: str) -> None:
        """Take in a whole stream.

        Raises:
            NoStreamError: some line is no event, or its data no JSON object.
        """
        lines = text.splitlines() if "\r" in text else text.split("\n")
        for number, line in enumerate(lines, start=1):
            if line.startswith("data:"):
                data = line[5:].strip()
                if data != _DONE:
                    self._add(data, is_last=number == len(lines))
            elif line and not line.startswith(_STARTS):
                if number < len(lines):
                    raise NoStreamError
                self.is_cut = True
        self._flush()

    def _add(self, data: str, *, is_last: bool) -> None:
        if self.events:
            try:
                chunk = _decode_plain(data).choices[0]
            except msgspec.DecodeError:
                pass
            else:
                self._add_plain(chunk)
                return
        self._flush()
        event: Any = {}
        try:
            event = _decode(data)
        except msgspec.DecodeError as error:
            closed = close_json(data) if is_last else None
            if closed is None and not is_last:
                raise NoStreamError from error
            self.is_cut = True
            if closed is not None:
                event = _decode(closed)
        if type(event) is not dict:
            raise NoStreamError
        _merge(self.value, cast("dict[str, Any]", event))
        self.events += 1

    def _add_plain(self, chunk: _PlainChoice) -> None:
        if chunk.index != self._plain_index:
            self._flush()
            self._plain_index = chunk.index
        self._pieces.append(chunk.delta.content)
        self.events += 1
        filters = bytes(chunk.content_filter_results)
        if filters and filters != self._filters:
            self._filters = filters
            choice = {"index": chunk.index, "content_filter_results": _decode(filters)}
            _merge(self.value, {"choices": [choice]})

    def _flush(self) -> None:
        if self._pieces:
            choice = {"index": self._plain_index, "delta": {"content": "".join(self._pieces)}}
            self._pieces = []
            _merge(self.value, {"choices": [choice]})


def _merge(into: dict[str, Any], event: dict[str, Any]) -> None:
    for key, value in event.items():
        old = into.get(key)
        if old is None or key in _SNAPSHOTS:
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
