"""The benchmark of the pipelines runs on what is there: its documents pass, and every processor has its line."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.pipelines.cuts import cuts
from benchmarks.pipelines.loads import LOADS, Load
from benchmarks.pipelines.page import render
from benchmarks.pipelines.server import Server, connected
from benchmarks.pipelines.stopwatch import WallClock
from benchmarks.pipelines.timing import Effort, time_pipeline
from collector.assets.pipelines import pipelines_of
from collector.assets.templates import pipeline_id

SMALLEST = Effort(warm=0, documents=0, runs=1)


def own_tags(stem: str, bodies: dict[str, Any]) -> list[str]:
    """Tags of a pipeline's processors and of those it calls, in the order of the sources, with the user's own call."""
    tags: list[str] = []
    for processor in bodies[stem]["processors"]:
        ((kind, parameters),) = processor.items()
        if parameters["tag"] == "pipeline_clean":
            tags.append("pipeline_custom")
        if kind == "pipeline":
            tags += own_tags(parameters["tag"].removeprefix("pipeline_"), bodies)
        else:
            tags.append(parameters["tag"])
    return tags


def few(load: Load) -> Load:
    return replace(load, bulk_documents=2)


@pytest.fixture(scope="module")
def server(engine_url: str) -> Iterator[Server]:
    with connected(engine_url, WallClock()) as connection:
        yield connection


@pytest.mark.engine
@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.dataset)
def test_the_documents_of_a_load_pass_their_pipeline(load: Load, server: Server) -> None:
    whole = cuts(server.bodies, pipeline_id(load.dataset))[-1]
    for identifier, body in [*whole.called.items(), ("bench-whole", whole.entry)]:
        server.write(identifier, body)
    assert server.seconds("bench-whole", few(load).bulk()) > 0


@pytest.mark.engine
def test_every_processor_of_a_pipeline_is_timed_in_its_order(server: Server) -> None:
    load = next(load for load in LOADS if load.dataset == "aoai.endpoints")
    timing = time_pipeline(server, few(load), SMALLEST)
    timed = [cut.processor.rpartition("/")[2] for cut, _ in timing.steps]
    assert timed == own_tags("default", pipelines_of(load.dataset))
    assert all(f"`{cut.processor}`" in render([timing], SMALLEST, server) for cut, _ in timing.steps)


def test_a_cut_ends_after_its_processor_and_calls_whole_pipelines_before_it() -> None:
    def processor(tag: str) -> dict[str, Any]:
        return {"set": {"tag": tag}}

    def call(name: str) -> dict[str, Any]:
        return {"pipeline": {"tag": f"pipeline_{name}", "name": name}}

    bodies = {
        "main": {"processors": [processor("a"), call("one"), call("two"), processor("z")]},
        "one": {"processors": [processor("b")]},
        "two": {"processors": [processor("c"), processor("d")]},
    }
    found = cuts(bodies, "main")
    assert [cut.processor for cut in found] == ["a", "one/b", "two/c", "two/d", "z"]
    third = found[2]
    first, whole, cut_short, drop = third.entry["processors"]
    ((identifier, called),) = third.called.items()
    assert (first, whole) == (processor("a"), call("one"))
    assert cut_short["pipeline"]["name"] == identifier
    assert called["processors"] == [processor("c")]
    assert "drop" in drop
