"""All that is to be installed, by name. The bodies are those for Elasticsearch, from the sources of this package."""

from collector.assets import health_template
from collector.assets.files import Body
from collector.assets.hooks import with_hooks
from collector.assets.pipelines import datasets_with_pipelines, pipelines_of, with_ids
from collector.assets.templates import DATASETS, META, build_component_template, build_index_template, pipeline_id


def pipelines(*, geography: bool = False) -> dict[str, Body]:
    """Ingest pipelines: ``logs-aoai.logs-<version>`` and those it calls, which come before it.

    ``geography`` adds what only Elasticsearch runs: where an address lies.
    """
    built: dict[str, Body] = {}
    for dataset in datasets_with_pipelines():
        bodies = pipelines_of(dataset)
        ids = {stem: pipeline_id(dataset, stem) for stem in bodies}
        bodies = {stem: with_hooks(body, dataset, geography=geography) for stem, body in bodies.items()}
        built |= {ids[stem]: {**with_ids(body, ids), "_meta": META} for stem, body in bodies.items()}
    return built


def component_templates() -> dict[str, Body]:
    """Component templates: ``logs-aoai.logs@package`` and so on."""
    logs = {f"{dataset.stream}@package": build_component_template(dataset) for dataset in DATASETS}
    return logs | {f"{health_template.STREAM}@package": health_template.build_component_template()}


def templates() -> dict[str, Body]:
    """Index templates: ``logs-aoai.logs``, ``logs-aoai.deadletter`` and so on."""
    logs = {dataset.stream: build_index_template(dataset) for dataset in DATASETS}
    return logs | {health_template.STREAM: health_template.build_index_template()}
