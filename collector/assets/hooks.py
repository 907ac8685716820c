"""What is put into pipelines as they are installed: calls of the user's own pipelines, and where an address lies.

Neither is part of ``ingest-pipelines/``. Fleet adds the call of a data set's custom pipeline itself when it installs
the package, and two calls would run the user's processors twice. The embedded engine has no ``geoip``; documents do not
depend on it, for without a database it adds nothing.
"""

from typing import cast

from collector.assets.catalogue import stream_parts
from collector.assets.files import Body

BEFORE_TAG = "pipeline_clean"
"""They stand before this processor, so that the user's still see ``event.original``."""


PRICES_TAG = "script_cost"
"""The user's prices are asked for before this processor."""
PRICES_PIPELINE = "aoai-prices@custom"
"""The pipeline in which the user puts prices of their own into ``_tmp.prices`` (docs/cost.md)."""


def custom_pipeline(dataset: str) -> str:
    """The name of the pipeline that belongs to the user: ``logs-aoai.logs@custom``."""
    return f"{'-'.join(stream_parts(dataset))}@custom"


def with_hooks(pipeline: Body, dataset: str, *, custom: bool = True, geography: bool = True) -> Body:
    """The pipeline with the user's pipelines, and with place and network of addresses, before its clean-up.

    Without ``custom`` the call of the data set's own custom pipeline is left to whoever installs it; without
    ``geography`` addresses stay as they are.
    """
    processors: list[Body] = []
    for processor in cast("list[dict[str, Body]]", pipeline["processors"]):
        (parameters,) = processor.values()
        if parameters.get("tag") == BEFORE_TAG:
            processors += [*(_geography() if geography else []), *([_custom(dataset)] if custom else [])]
        if parameters.get("tag") == PRICES_TAG:
            processors.append(_call("pipeline_prices", PRICES_PIPELINE, "Your own prices."))
        processors.append(cast("Body", processor))
    return {**pipeline, "processors": processors}


def _custom(dataset: str) -> Body:
    return _call("pipeline_custom", custom_pipeline(dataset), "Your own processors; they still see event.original.")


def _call(tag: str, name: str, description: str) -> Body:
    return {"pipeline": {"tag": tag, "description": description, "name": name, "ignore_missing_pipeline": True}}


def _geography() -> list[Body]:
    """Place and network of the caller, where the record has a whole address: the gateway's, not Azure OpenAI's."""
    databases: dict[str, Body] = {
        "geo": {},
        "as": {"database_file": "GeoLite2-ASN.mmdb", "properties": ["asn", "organization_name"]},
    }
    processors: list[Body] = [
        {
            "geoip": {
                "tag": f"geoip_source_{part}",
                "if": f"ctx.source?.ip != null && ctx.source.{part} == null".replace("source.as", "source['as']"),
                "field": "source.ip",
                "target_field": f"source.{part}",
                "ignore_missing": True,
                "ignore_failure": True,
                **options,
            }
        }
        for part, options in databases.items()
    ]
    renames: list[Body] = [
        {
            "rename": {
                "tag": f"rename_source_as_{old}",
                "field": f"source.as.{old}",
                "target_field": f"source.as.{new}",
                "ignore_missing": True,
            }
        }
        for old, new in (("asn", "number"), ("organization_name", "organization.name"))
    ]
    return [*processors, *renames]
