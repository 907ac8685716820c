"""Component templates and index templates of the data sets."""

from dataclasses import dataclass

from collector import __version__
from collector.assets.catalogue import stream_parts
from collector.assets.files import Body
from collector.assets.mappings import build_mappings
from collector.assets.metric_fields import ENDPOINTS as ENDPOINT_METRICS
from collector.assets.metric_fields import METRICS

PACKAGE = "aoai"

PRIORITY = 250
"""Above Fleet's 200 for a data set and below the 500 a user may choose to win over us."""

TOTAL_FIELDS_LIMIT = 1000
"""At most 400 fields and objects are ours; the rest is room for a sender's own (agent.*, host.*, labels.*)."""

META: Body = {"package": {"name": PACKAGE, "version": __version__}, "managed_by": "aoai-collector", "managed": True}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set: its name in the catalogue, whether documents pass a pipeline, and whether senders may add fields.

    ``retention`` is given where documents may hold prompts: they are deleted after it, whatever happens to other logs.
    """

    name: str
    has_pipeline: bool
    dynamic: bool
    retention: str | None = None

    @property
    def stream(self) -> str:
        """Name of the index template and stem of everything else, as Fleet forms it: ``logs-aoai.logs``."""
        return "-".join(stream_parts(self.name))


LOGS = Dataset("aoai.logs", has_pipeline=True, dynamic=True)
GATEWAY = Dataset("aoai.gateway", has_pipeline=True, dynamic=True, retention="30d")
ENDPOINTS = Dataset("aoai.endpoints", has_pipeline=True, dynamic=True)
DEAD_LETTERS = Dataset("aoai.deadletter", has_pipeline=False, dynamic=False)
LOG_DATASETS = (LOGS, GATEWAY, ENDPOINTS, DEAD_LETTERS)
METRIC_DATASETS = tuple(Dataset(name, has_pipeline=True, dynamic=True) for name in (METRICS, ENDPOINT_METRICS))
INVENTORY = Dataset("metrics-aoai.deployments", has_pipeline=True, dynamic=True)
DATASETS = (*LOG_DATASETS, *METRIC_DATASETS, INVENTORY)


def pipeline_id(dataset: str, stem: str = "default") -> str:
    """The id of a pipeline: versioned, so that two versions of the package can run beside each other."""
    entry = f"{'-'.join(stream_parts(dataset))}-{__version__}"
    return entry if stem == "default" else f"{entry}-{stem}"


def build_component_template(dataset: Dataset) -> Body:
    """``<stream>@package``: settings and mappings of a data set."""
    mapping: Body = {
        "total_fields": {"limit": TOTAL_FIELDS_LIMIT},
        # One odd value must not cost a document: it is kept and only not searchable in that field.
        "ignore_malformed": True,
    }
    index: Body = {"mapping": mapping}
    if dataset.has_pipeline:
        index["default_pipeline"] = pipeline_id(dataset.name)
    mappings = build_mappings(dataset.name, dynamic=dataset.dynamic)
    template: Body = {"settings": {"index": index}, "mappings": mappings}
    if dataset.retention:
        # Elasticsearch's own logs@settings names a life cycle policy, which would win over the retention.
        index["lifecycle"] = {"prefer_ilm": False}
        template["lifecycle"] = {"data_retention": dataset.retention}
    return {"template": template, "_meta": META}


def build_index_template(dataset: Dataset) -> Body:
    """``<stream>``: composed as Fleet would, so that Elasticsearch's own defaults and the user's templates apply.

    Only ``<stream>@package`` has to be there. Elasticsearch ships ``logs@settings`` (life cycle), ``logs@mappings``,
    the same for metrics, and ``ecs@mappings``; the ones named ``@custom`` are the user's and win over the package.
    """
    package = f"{dataset.stream}@package"
    kind, _ = stream_parts(dataset.name)
    custom = [f"{kind}@custom", f"{PACKAGE}@custom", f"{dataset.stream}@custom"]
    before = [f"{kind}@mappings", f"{kind}@settings"] if dataset.dynamic else [f"{kind}@settings"]
    after = ["ecs@mappings"] if dataset.dynamic else []
    return {
        "index_patterns": [f"{dataset.stream}-*"],
        "priority": PRIORITY,
        "data_stream": {},
        "composed_of": [*before, package, *custom, *after],
        "ignore_missing_component_templates": [*before, *custom, *after],
        "_meta": META,
    }
