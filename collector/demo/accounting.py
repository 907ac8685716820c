"""Compares what was fed with what the engine holds, record by record.

A record counts as found only when its document lies at the record's own position with the record's own correlation id,
status and deployment. One record lost and another doubled in the same event therefore shows as two faults, not as none.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from collector.demo.expectations import Fate
from collector.demo.ledger import Ledger, Place, Trace
from collector.demo.streams import DEMO_STREAMS, SEARCH_OPTIONS, Streams

# Ten thousand buckets a page: two pages for a default run, and far below the engine's limit of 65,536.
_PAGE: Final = 10_000
_POSITION: Final = {"partition": "azure.partition_id", "sequence": "azure.sequence_number"}
_SHOWN: Final[Mapping[Fate, Mapping[str, str]]] = {
    Fate.INDEXED: {
        "detail": "azure.open_ai.correlation_id",
        "status": "http.response.status_code",
        "deployment": "gen_ai.request.model",
    },
    Fate.DEAD_LETTER: {"detail": "event.reason"},
}


@dataclass(frozen=True, slots=True)
class Tally:
    """How the documents of one fate came out. ``altered`` ones are in place but show something else than foretold."""

    fate: Fate
    expected: int
    found: int
    missing: int
    altered: int
    extra: int


@dataclass(frozen=True, slots=True)
class Account:
    """The outcome of a comparison; ``faults`` names what is missing, altered or extra, in words."""

    tallies: tuple[Tally, ...]
    faults: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether every record is where it must be, and nothing else is there."""
        return not self.faults


async def find_traces(client: AsyncElasticsearch, streams: Streams = DEMO_STREAMS) -> Counter[Trace]:
    """Ask the engine for every document it holds in both data streams, as traces to compare with a ledger's."""
    found: Counter[Trace] = Counter()
    await client.indices.refresh(index=streams.both, **SEARCH_OPTIONS)
    for fate, index in ((Fate.INDEXED, streams.logs), (Fate.DEAD_LETTER, streams.dead_letters)):
        async for bucket in _walk_buckets(client, index, _SHOWN[fate]):
            key = bucket["key"]
            place = Place(str(key["partition"]), int(key["sequence"] if key["sequence"] is not None else -1))
            trace = Trace(fate, place, key["detail"] or "", key.get("status"), key.get("deployment"))
            found[trace] += int(bucket["doc_count"])
    return found


def settle(ledger: Ledger, found: Counter[Trace]) -> Account:
    """Compare a ledger with what was found."""
    absent, surplus = ledger.traces - found, found - ledger.traces
    altered = _pair_altered(absent, surplus)
    faults = [
        *_name(ledger, "missing", absent),
        *(f"altered: {_describe(ledger, wanted)}, but found {_show(seen)}" for wanted, seen in altered),
        *_name(ledger, "extra", surplus),
    ]
    tallies = tuple(
        Tally(
            fate=fate,
            expected=ledger.fates[fate],
            found=_count(fate, ledger.traces & found),
            missing=_count(fate, absent),
            altered=sum(wanted.fate is fate for wanted, _ in altered),
            extra=_count(fate, surplus),
        )
        for fate in Fate
    )
    return Account(tallies, tuple(faults))


async def _walk_buckets(
    client: AsyncElasticsearch, index: str, shown: Mapping[str, str]
) -> AsyncIterator[dict[str, Any]]:
    fields = {**_POSITION, **shown}
    sources = [{name: {"terms": {"field": field, "missing_bucket": True}}} for name, field in fields.items()]
    after: dict[str, Any] | None = None
    while True:
        composite: dict[str, Any] = {"size": _PAGE, "sources": sources}
        if after is not None:
            composite["after"] = after
        answer = await client.search(
            index=index, size=0, aggs={"documents": {"composite": composite}}, **SEARCH_OPTIONS
        )
        page: dict[str, Any] = answer.body.get("aggregations", {}).get("documents", {})
        for bucket in page.get("buckets", []):
            yield bucket
        after = page.get("after_key")
        if after is None:
            return


def _pair_altered(absent: Counter[Trace], surplus: Counter[Trace]) -> list[tuple[Trace, Trace]]:
    """Take out of both counters the pairs that agree on stream and place, and on the correlation id if there is one."""
    pairs: list[tuple[Trace, Trace]] = []
    for same in (_identity, _position):
        candidates: dict[tuple[object, ...], list[Trace]] = {}
        for trace in surplus.elements():
            candidates.setdefault(same(trace), []).append(trace)
        for wanted in sorted(absent.elements(), key=_position):
            if rivals := candidates.get(same(wanted)):
                pairs.append((wanted, rivals.pop()))
                absent[wanted] -= 1
                surplus[pairs[-1][1]] -= 1
    return pairs


def _identity(trace: Trace) -> tuple[object, ...]:
    return (trace.fate, trace.place, trace.detail)


def _position(trace: Trace) -> tuple[object, ...]:
    return (trace.fate, trace.place)


def _count(fate: Fate, traces: Counter[Trace]) -> int:
    return sum(count for trace, count in traces.items() if trace.fate is fate)


def _name(ledger: Ledger, fault: str, traces: Counter[Trace]) -> Iterator[str]:
    """One line for each trace, which says how many documents it stands for if they are several."""
    for trace in sorted(+traces, key=_position):
        count = f"{traces[trace]} times " if traces[trace] > 1 else ""
        yield f"{fault}: {count}{_describe(ledger, trace)}"


def _describe(ledger: Ledger, trace: Trace) -> str:
    shape = ledger.shape_at(trace.place) or "nothing was fed there"
    partition, sequence_number = trace.place
    return f"{trace.fate} {_show(trace)} of partition {partition}, event {sequence_number} ({shape})"


def _show(trace: Trace) -> str:
    if trace.fate is Fate.DEAD_LETTER:
        return f"[{trace.detail}]"
    shown = (trace.detail or "no correlation id", trace.status, trace.deployment)
    return f"[{', '.join(str(part) for part in shown if part is not None)}]"
