"""Ingest pipelines, put together from their sources.

A data set's pipelines are the files of its folder and those of ``shared`` that they call. A call names a file, in the
form that an Elastic package uses: ``{{ IngestPipeline "envelope" }}``. The functions that a script calls, from files
``*.painless``, stand before it. A parameter ``{{ Prices }}`` is the price list of the catalogue, ``{{ Metrics }}`` the
fields of Azure Monitor's metrics.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

from collector.assets.errors import AssetError
from collector.assets.files import Body, read_functions, read_pipelines, read_prices
from collector.assets.metric_fields import metric_paths

SHARED = "shared"
"""The folder whose pipelines belong to every data set that calls them."""

_CALL = re.compile(r'\{\{ IngestPipeline "([\w-]+)" \}\}')
_TABLES: Mapping[object, Callable[[], Body]] = {"{{ Prices }}": read_prices, "{{ Metrics }}": metric_paths}
_DEFINITION = re.compile(r"^[A-Za-z]\w*(?:\[\])? (\w+)\(", re.MULTILINE)


def datasets_with_pipelines() -> list[str]:
    """The data sets that have a folder."""
    return sorted({folder for folder, _ in read_pipelines()} - {SHARED})


def pipelines_of(dataset: str) -> dict[str, Body]:
    """The pipelines of a data set by file stem, called ones before their callers; calls stay as in the sources.

    Raises:
        AssetError: a pipeline that is called is not there, or stands in both folders.
    """
    sources = read_pipelines()
    ordered: dict[str, Body] = {}

    def add(stem: str) -> None:
        own, shared = sources.get((dataset, stem)), sources.get((SHARED, stem))
        body = own or shared
        if body is None or (own and shared):
            raise AssetError(f"ingest-pipelines: {stem}.yml must be in either {dataset} or {SHARED}")
        for called in called_by(body):
            if called not in ordered:
                add(called)
        ordered[stem] = _with_tables(_map_texts(body, with_functions))

    for folder, stem in sources:
        if folder == dataset and stem not in ordered:
            add(stem)
    return ordered


def called_by(body: Body) -> list[str]:
    """File stems of the pipelines that one calls, each once."""
    found: list[str] = []

    def look(text: str) -> str:
        found.extend(_CALL.findall(text))
        return text

    _map_texts(body, look)
    return list(dict.fromkeys(found))


def with_ids(body: Body, ids: Mapping[str, str]) -> Body:
    """The pipeline with each call naming the id under which the called one is installed."""
    return _map_texts(body, lambda text: _CALL.sub(lambda match: ids[match[1]], text))


def with_functions(source: str) -> str:
    """A script with the functions that it calls, and those they call, in front; other texts as they are."""
    library = _functions()
    needed: set[str] = set()
    waiting = [source]
    while waiting:
        text = waiting.pop()
        for name in library.keys() - needed:
            if re.search(rf"\b{name}\(", text):
                needed.add(name)
                waiting.append(library[name])
    return "\n\n".join([*(library[name] for name in library if name in needed), source])


def _with_tables(body: Body) -> Body:
    """The pipeline with the tables that parameters of its scripts ask for."""
    for processor in cast("list[dict[str, Body]]", body["processors"]):
        parameters = cast("Body", processor.get("script", {}).get("params", {}))
        for name, value in parameters.items():
            if isinstance(value, str) and value in _TABLES:
                parameters[name] = _TABLES[value]()
    return body


@cache
def _functions() -> dict[str, str]:
    """The functions by name, in the order of the files; each with its comment."""
    blocks = read_functions().split("\n\n")
    return {match[1]: block for block in blocks if (match := _DEFINITION.search(block))}


def _map_texts(body: Body, change: Callable[[str], str]) -> Body:
    """A copy of the pipeline with ``change`` applied to the texts in it that are code or names of pipelines."""

    def walk(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: walk(inner, name) for name, inner in cast("Body", value).items()}
        if isinstance(value, list):
            return [walk(inner) for inner in cast("list[object]", value)]
        return change(value) if isinstance(value, str) and key in {"name", "source"} else value

    return cast("Body", walk(body))
