"""Times the cuts of a pipeline and the yardstick in turn."""

import random
from dataclasses import dataclass
from statistics import mean, median
from typing import Final

from benchmarks.pipelines.cuts import DROP, Body, Cut, cuts
from benchmarks.pipelines.loads import Load
from benchmarks.pipelines.server import Server
from collector.assets.templates import pipeline_id

BARE: Final = "bench-bare"
YARDSTICK: Final = "bench-yardstick"
_YARDSTICK: Final[Body] = {
    "processors": [
        {"json": {"tag": "json_record", "field": "message", "target_field": "record"}},
        {
            "json": {
                "tag": "json_properties",
                "if": "ctx.record.properties instanceof String",
                "field": "record.properties",
            }
        },
        {"date": {"tag": "date_time", "field": "record.time", "formats": ["ISO8601"]}},
        DROP,
    ]
}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    warm: int
    """Documents through the pipeline, and through the yardstick, before anything counts."""
    documents: int
    """Documents through each cut in a run."""
    runs: int
    """The median of so many counts."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a pipeline costs, in microseconds a document."""

    load: Load
    bulk_bytes: int
    total: float
    yardstick: float
    ratio: float
    steps: list[tuple[Cut, float]]


def time_pipeline(server: Server, load: Load, effort: Effort) -> Timing:
    """Time a pipeline, each of its processors, and the yardstick."""
    root = pipeline_id(load.dataset)
    parts = cuts(server.bodies, root)
    ids = [f"bench-{root}-{number}" for number in range(len(parts))]
    server.write(BARE, {"processors": [DROP]})
    server.write(YARDSTICK, _YARDSTICK)
    for identifier, part in zip(ids, parts, strict=True):
        for called, body in part.called.items():
            server.write(called, body)
        server.write(identifier, part.entry)
    bulk = load.bulk()
    _warm(server, (BARE, YARDSTICK, ids[-1]), bulk, effort.warm // load.bulk_documents)
    rounds = max(1, effort.documents // load.bulk_documents)
    _run(server, ids, bulk, 1)
    runs = [_run(server, [BARE, YARDSTICK, *ids], bulk, rounds) for _ in range(effort.runs)]
    factor = 1e6 / load.bulk_documents
    before = [BARE, *ids]
    steps = [
        (part, factor * median(run[now] - run[then] for run in runs))
        for part, now, then in zip(parts, ids, before, strict=False)
    ]
    totals = [run[ids[-1]] - run[BARE] for run in runs]
    yardsticks = [run[YARDSTICK] - run[BARE] for run in runs]
    return Timing(
        load,
        len(bulk),
        factor * median(totals),
        factor * median(yardsticks),
        median(total / yardstick for total, yardstick in zip(totals, yardsticks, strict=True)),
        steps,
    )


def _warm(server: Server, pipelines: tuple[str, ...], bulk: bytes, rounds: int) -> None:
    for _ in range(rounds):
        for pipeline in pipelines:
            server.seconds(pipeline, bulk)


def _run(server: Server, pipelines: list[str], bulk: bytes, rounds: int) -> dict[str, float]:
    """Return the mean of a request's seconds for each; all are measured in each round, in a new order."""
    order = random.Random(len(pipelines))  # noqa: S311 - the order needs no secret
    taken: dict[str, list[float]] = {pipeline: [] for pipeline in pipelines}
    for _ in range(rounds):
        for pipeline in order.sample(pipelines, len(pipelines)):
            taken[pipeline].append(server.seconds(pipeline, bulk))
    return {pipeline: mean(seconds) for pipeline, seconds in taken.items()}
