"""Elasticsearch as far as a collector that writes can see it: data streams, their backing indices, ``create``.

``create`` looks for the id in the write index alone, as Elasticsearch does (elastic/elasticsearch #44794); whatever a
roll over leaves behind is found only by who asks the backing indices.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from plugins.world.ledger import BREAKER, DROPPED, MARK, POISON, SPOILER, UNKEPT, Copy, Ledger, kind_of
from plugins.world.virtual_time import EPOCH

_ACTION = re.compile(rb'\{"create":\{"_index":"([^"]+)","_id":"([^"]+)"')
_DEAD_LETTERS = "aoai.deadletter"
_PRODUCT = {"x-elastic-product": "Elasticsearch", "content-type": "application/vnd.elasticsearch+json"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, body: object, **headers: str) -> "Answer":
        return cls(status, json.dumps(body).encode(), _PRODUCT | headers)

    @classmethod
    def refusal(cls, status: int, kind: str, **headers: str) -> "Answer":
        return cls.of(status, {"error": {"type": kind, "reason": "said by the model"}, "status": status}, **headers)


@dataclass(frozen=True)
class Request:
    """What a collector sent, as it arrives."""

    sender: str
    method: str
    target: str
    body: bytes
    irregular: bool = False
    """See ``Copy.irregular``."""


@dataclass(frozen=True)
class Item:
    """One document of a bulk."""

    stream: str
    id: str
    mark: bytes

    @property
    def kind(self) -> str:
        return kind_of(self.mark)

    @property
    def is_letter(self) -> bool:
        return _DEAD_LETTERS in self.stream


class DataStream:
    """Its backing indices, oldest first: the last is written to."""

    def __init__(self, name: str, made: float) -> None:
        self.name = name
        self.indices: list[dict[str, bytes]] = [{}]
        self.made = [made]
        """When each of them was made, in seconds since 1970."""

    def roll_over(self, now: float) -> None:
        self.indices.append({})
        self.made.append(now)

    def index_name(self, generation: int) -> str:
        return f".ds-{self.name}-2026.03.10-{generation + 1:06d}"


class Cluster:
    """The data streams; tells the ledger of each copy that it takes."""

    def __init__(self, ledger: Ledger, reader: Mapping[str, str], complain: Callable[[str], None]) -> None:
        """Take the ledger, and which process reads a partition at the moment."""
        self.streams: dict[str, DataStream] = {}
        self._reader = reader
        self._looked_at: dict[tuple[str, str], float] = {}
        self.items = 0
        """How many documents anybody has asked it to index."""
        self._ledger = ledger
        self._complain = complain

    def roll_over(self) -> None:
        """Give every data stream a new write index."""
        for stream in self.streams.values():
            stream.roll_over(self._now())

    def serve(self, request: Request, throttled: Callable[[], int]) -> Answer:
        """Carry out a request; ``throttled`` may give an item of a bulk a status of its own, or 0."""
        method, target, body = request.method, request.target, request.body
        path = unquote(urlsplit(target).path)
        if method in {"POST", "PUT"} and path == "/_bulk":
            return self._bulk(request, throttled)
        if path.startswith("/_data_stream/"):
            return self._describe(path.removeprefix("/_data_stream/"))
        if path.endswith("/_settings/index.creation_date"):
            return self._tell_ages(path.removesuffix("/_settings/index.creation_date").strip("/"))
        if path.endswith("/_mget"):
            return self._mget(path.removesuffix("/_mget").strip("/"), json.loads(body), request.sender)
        return Answer.refusal(HTTPStatus.BAD_REQUEST, "the model knows no such request: " + path)

    def _bulk(self, request: Request, throttled: Callable[[], int]) -> Answer:
        lines = request.body.split(b"\n")[:-1]
        items = [_read(action, document) for action, document in zip(lines[::2], lines[1::2], strict=True)]
        if any(item.kind == SPOILER and not item.is_letter for item in items):
            return Answer.refusal(HTTPStatus.BAD_REQUEST, "x_content_parse_exception")
        statuses = [throttled() or self._create(item, request) for item in items]
        return Answer.of(HTTPStatus.OK, {"items": [{"create": _item(status)} for status in statuses]})

    def _create(self, item: Item, request: Request) -> int:
        self.items += 1
        if item.kind == UNKEPT or (item.kind == POISON and not item.is_letter):
            return HTTPStatus.BAD_REQUEST
        if item.kind == BREAKER and not item.is_letter:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        if item.kind == DROPPED:
            self._ledger.dropped.add(item.mark)
            return HTTPStatus.OK
        stream = self.streams.setdefault(item.stream, DataStream(item.stream, self._now()))
        present = stream.indices[-1].get(item.id)
        if present is not None:
            if present != item.mark:
                self._complain(f"{item.mark.decode()} has the id of {present.decode()}: it would be taken for that one")
            return HTTPStatus.CONFLICT
        stream.indices[-1][item.id] = item.mark
        irregular = request.irregular or self._is_replaced(item.mark, request.sender)
        looked_at = self._looked_at.get((request.sender, item.id), 0.0)
        self._ledger.note_copy(item.mark, Copy(self._now(), irregular), looked_at)
        return HTTPStatus.CREATED

    def _is_replaced(self, mark: bytes, sender: str) -> bool:
        """Tell whether another reader has the record's partition now."""
        return self._reader.get(mark.split(b":")[1].decode()) != sender

    def _describe(self, names: str) -> Answer:
        found = [stream for stream in self.streams.values() if _matches(stream.name, names)]
        if not found:
            return Answer.refusal(HTTPStatus.NOT_FOUND, "index_not_found_exception")
        return Answer.of(HTTPStatus.OK, {"data_streams": [_describe(stream) for stream in found]})

    def _tell_ages(self, name: str) -> Answer:
        stream = self.streams.get(name)
        if stream is None:
            return Answer.refusal(HTTPStatus.NOT_FOUND, "index_not_found_exception")
        ages = {stream.index_name(number): made for number, made in enumerate(stream.made)}
        return Answer.of(
            HTTPStatus.OK,
            {name: {"settings": {"index.creation_date": str(int(made * 1000))}} for name, made in ages.items()},
        )

    def _now(self) -> float:
        return EPOCH + asyncio.get_running_loop().time()

    def _mget(self, default: str, request: dict, sender: str) -> Answer:
        wanted = [(each.get("_index", default), each["_id"]) for each in request.get("docs", ())]
        wanted += [(default, each) for each in request.get("ids", ())]
        indices = {
            stream.index_name(number): index
            for stream in self.streams.values()
            for number, index in enumerate(stream.indices)
        }
        self._looked_at |= dict.fromkeys(((sender, each) for _, each in wanted), self._now())
        docs = [{"_index": index, "_id": each, "found": each in indices.get(index, {})} for index, each in wanted]
        return Answer.of(HTTPStatus.OK, {"docs": docs})


def _read(action: bytes, document: bytes) -> Item:
    target, mark = _ACTION.match(action), MARK.search(document)
    assert target is not None
    assert mark is not None
    return Item(target[1].decode(), target[2].decode(), mark[0])


def _item(status: int) -> dict:
    if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return {"status": int(status)}
    return {"status": int(status), "error": {"type": f"model_{int(status)}", "reason": "said by the model"}}


def _matches(name: str, names: str) -> bool:
    return any(re.fullmatch(re.escape(each).replace(r"\*", ".*"), name) for each in names.split(","))


def _describe(stream: DataStream) -> dict:
    indices = [{"index_name": stream.index_name(number)} for number in range(len(stream.indices))]
    return {"name": stream.name, "indices": indices, "generation": len(stream.indices)}
