"""Anomaly detection jobs: ``dashboards/ml/*.yml``, one module a file, and the ML modules that the package ships.

A datafeed reads each moment once, so it must wait until what Azure sends late has come. Jobs need a platinum licence;
no job was ever run by this project, only the queries of their datafeeds.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from collector.assets.panels.kql import translate_kql
from collector.assets.rules.sources import ID_PREFIX, read_folder

_LATEST_ARRIVAL: Final = "15m"
_CREATED_BY: Final = "ml-module-aoai"


class Detector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a job looks for, in Elasticsearch's words."""

    function: str
    field_name: str | None = None
    partition_field_name: str | None = None


class JobSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A job: the question it answers, a KQL query of its documents, its detector, and who may be to blame."""

    description: str
    filter: str
    detector: Detector
    influencers: tuple[str, ...]


class ModuleSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Jobs that are set up together; ``filter`` finds out whether there is data for them."""

    title: str
    description: str
    index: str
    filter: str
    jobs: Mapping[str, JobSource]


def load_modules(folder: Path | None = None) -> Mapping[str, ModuleSource]:
    """Read every module, by id.

    Raises:
        AssetError: a file is no module.
    """
    return {f"{ID_PREFIX}{stem}": source for stem, source in read_folder(ModuleSource, "ml", folder).items()}


def build_module(module_id: str, source: ModuleSource) -> dict[str, Any]:
    """Build the saved object of a module; ``INDEX_PATTERN_NAME`` is filled in by Kibana when it is set up."""
    attributes: dict[str, Any] = {
        "id": module_id.replace("-", "_"),
        "title": source.title,
        "description": source.description,
        "type": "Logs",
        "logo": {"icon": "logoAzure"},
        "defaultIndexPattern": source.index,
        "query": translate_kql(source.filter),
        "jobs": [{"id": job_id, "config": _job(job)} for job_id, job in source.jobs.items()],
        "datafeeds": [
            {"id": f"datafeed-{job_id}", "job_id": job_id, "config": _datafeed(job_id, job)}
            for job_id, job in source.jobs.items()
        ],
    }
    return {"id": module_id, "type": "ml-module", "references": [], "attributes": attributes}


def _job(job: JobSource) -> dict[str, Any]:
    return {
        "description": job.description,
        "groups": ["aoai"],
        "analysis_config": {
            "bucket_span": "15m",
            "detectors": [msgspec.to_builtins(job.detector)],
            "influencers": list(job.influencers),
        },
        "analysis_limits": {"model_memory_limit": "32mb"},
        "data_description": {"time_field": "@timestamp", "time_format": "epoch_ms"},
        "custom_settings": {"created_by": _CREATED_BY},
    }


def _datafeed(job_id: str, job: JobSource) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "indices": ["INDEX_PATTERN_NAME"],
        "query": translate_kql(job.filter),
        "query_delay": _LATEST_ARRIVAL,
    }
