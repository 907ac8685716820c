"""All that is to be installed, by name. The bodies are those for Elasticsearch, from the sources of this package."""

from collector.assets.files import Body, read_pipelines
from collector.assets.templates import DATASETS, META, build_component_template, build_index_template, pipeline_id


def pipelines() -> dict[str, Body]:
    """Ingest pipelines: ``logs-aoai.logs-<version>``."""
    return {pipeline_id(dataset, stem): {**body, "_meta": META} for (dataset, stem), body in read_pipelines().items()}


def component_templates() -> dict[str, Body]:
    """Component templates: ``logs-aoai.logs@package`` and so on."""
    return {f"{dataset.stream}@package": build_component_template(dataset) for dataset in DATASETS}


def templates() -> dict[str, Body]:
    """Index templates: ``logs-aoai.logs`` and ``logs-aoai.deadletter``."""
    return {dataset.stream: build_index_template(dataset) for dataset in DATASETS}
