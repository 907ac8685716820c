"""Writes ``results/SIZING.md``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.sizing.kinds import ANSWER_CHARACTERS, PROMPT_CHARACTERS, Kind
from benchmarks.sizing.storing import Stored
from benchmarks.surroundings import commit, machine

PAGE: Final = Path(__file__).parents[1] / "results" / "SIZING.md"
_MILLION: Final = 1_000_000
_GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Size:
    """One kind of record: what it takes at each level, and with its original at the level ``metadata``."""

    kind: Kind
    levels: Mapping[str, Stored]
    with_original: Stored

    @property
    def shown_levels(self) -> Sequence[str]:
        """Levels that it was measured at: one, where levels make no difference."""
        return list(self.levels)

    def at(self, level: str) -> Stored:
        """Return what it takes at a level; without texts it is the same at each."""
        return self.levels.get(level, self.levels["metadata"])


@dataclass(frozen=True, slots=True)
class MetricsSize:
    """Metrics of a day of some deployments."""

    calls: int
    deployments: int
    stored: Stored

    @property
    def each(self) -> float:
        """Documents a deployment."""
        return self.stored.documents / self.deployments


CALL: Final = ("RequestResponse",)
CALL_OF_2026: Final = ("RequestResponse", "RequestResponse, empty twin", "AzureOpenAIRequestUsage")
TOKENS: Final = ("GatewayLogs, no bodies", "GatewayLlmLogs, tokens")
MESSAGES: Final = ("GatewayLlmLogs, prompt", "GatewayLlmLogs, answer")
SETUPS: Final[Mapping[str, Sequence[str]]] = {
    "Azure OpenAI, one record a call": CALL,
    "Azure OpenAI, with twins and token usage": CALL_OF_2026,
    "the same behind API Management, tokens logged": (*CALL_OF_2026, *TOKENS),
    "and its messages": (*CALL_OF_2026, *TOKENS, *MESSAGES),
    "the same behind API Management, bodies logged": (*CALL_OF_2026, "GatewayLogs, with bodies"),
    "Azure ML online endpoints, traffic": ("AmlOnlineEndpointTrafficLog",),
}
"""What is switched on in Azure, and the records that a call then makes."""


_PAGE = """\
# What requests take in Event Hubs and in Elasticsearch

`python -m benchmarks.sizing` on {day:%Y-%m-%d}, commit `{commit}`, {machine}; the embedded engine,
{records:,} records of each kind through the pipelines.

Bytes are those of one primary shard after a merge into one segment, with the engine's default codec (LZ4). *On the
wire* is the record as Azure writes it. What a real Elasticsearch does differently is in
[docs/sizing.md](../../docs/sizing.md).

## A million requests

| switched on in Azure | content | documents | on the wire | stored |
|---|---|---:|---:|---:|
{setups}

## A record

A prompt has {prompt:,} characters and an answer {answer:,}.

| record | bytes on the wire | content | bytes stored | with `preserve_original_event` |
|---|---:|---|---:|---:|
{kinds}

## Metrics

A day of {metrics.calls:,} calls to {metrics.deployments} deployments makes {metrics.stored.documents:,} documents,
{metrics.each:,.0f} a deployment, of {metrics.stored.each:,.0f} bytes each.
"""


def render(sizes: Sequence[Size], metrics: MetricsSize) -> str:
    """Return the page."""
    by_name = {size.kind.name: size for size in sizes}
    setups = (line for name, kinds in SETUPS.items() for line in _setup(name, [by_name[kind] for kind in kinds]))
    return _PAGE.format(
        day=datetime.now(UTC),
        commit=commit(),
        machine=machine(),
        records=max(len(size.kind.texts) for size in sizes),
        setups="\n".join(setups),
        prompt=PROMPT_CHARACTERS,
        answer=ANSWER_CHARACTERS,
        kinds="\n".join(line for size in sizes for line in _kind(size)),
        metrics=metrics,
    )


def _setup(name: str, sizes: Sequence[Size]) -> list[str]:
    wire = sum(size.kind.bytes_on_the_wire for size in sizes)
    levels = max((size.shown_levels for size in sizes), key=len)
    stored = {level: sum(size.at(level).each for size in sizes) for level in levels}
    documents = f"{len(sizes)} million | {_gigabytes(wire)}"
    return [f"| {name} | {_level(level, levels)} | {documents} | {_gigabytes(stored[level])} |" for level in levels]


def _level(level: str, shown: Sequence[str]) -> str:
    return "any" if len(shown) == 1 else f"`{level}`"


def _gigabytes(bytes_each: float) -> str:
    return f"{bytes_each * _MILLION / _GB:.2f} GB"


def _kind(size: Size) -> list[str]:
    shown = size.shown_levels
    return [
        f"| {size.kind.name} | {size.kind.bytes_on_the_wire:,.0f} | {_level(level, shown)} "
        f"| {size.levels[level].each:,.0f} | {f'{size.with_original.each:,.0f}' if level == 'metadata' else ''} |"
        for level in shown
    ]
