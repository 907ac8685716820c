"""Pipelines that stop early: one for each processor of a pipeline and of those that it calls, in order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

type Body = dict[str, Any]

DROP: Final[Body] = {"drop": {"tag": "drop_document"}}
"""Ends every pipeline that is measured: the document goes no further."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A pipeline that ends after one processor."""

    processor: str
    """Where the last processor stands and its tag: ``envelope/script_envelope``."""
    kind: str
    """The last processor's type."""
    entry: Body
    """The pipeline to run."""
    called: dict[str, Body]
    """Pipelines of its own that it calls, by id, called ones first; the other ones are those of the package."""


def cuts(bodies: Mapping[str, Body], root: str) -> list[Cut]:
    """Return the cuts of the pipeline ``root``, the last of them whole; ``bodies`` are all the package's by their id.

    A processor that decides whether another pipeline is called is part of what that pipeline's first one costs.
    """
    found: list[Cut] = []
    for number, cut in enumerate(_cuts(bodies, root, "")):
        ids = {identifier: f"bench-{root}-{number}-{identifier}" for identifier in cut.called}
        called = {ids[identifier]: _renamed(body, ids) for identifier, body in cut.called.items()}
        entry = _renamed(cut.entry, ids)
        found.append(Cut(cut.processor, cut.kind, entry | {"processors": [*entry["processors"], DROP]}, called))
    return found


def _cuts(bodies: Mapping[str, Body], identifier: str, place: str) -> Iterator[Cut]:
    body = bodies[identifier]
    processors: list[Body] = body["processors"]
    for count, processor in enumerate(processors, start=1):
        ((kind, parameters),) = processor.items()
        shorter = body | {"processors": processors[:count]}
        name: str = parameters.get("name", "")
        if kind != "pipeline" or name not in bodies:
            yield Cut(place + parameters["tag"], kind, shorter, {})
            continue
        for inner in _cuts(bodies, name, f"{parameters['tag'].removeprefix('pipeline_')}/"):
            yield Cut(inner.processor, inner.kind, shorter, {**inner.called, name: inner.entry})


def _renamed(body: Body, ids: Mapping[str, str]) -> Body:
    """Return the pipeline with its last call going to the shorter pipeline; earlier calls are of whole ones."""
    *before, last = body["processors"]
    ((kind, parameters),) = last.items()
    if kind == "pipeline" and parameters.get("name") in ids:
        last = {kind: parameters | {"name": ids[parameters["name"]]}}
    return body | {"processors": [*before, last]}
