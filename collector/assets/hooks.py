"""Calls the user's own pipeline from ours.

The call is no part of ``ingest-pipelines/``, for two reasons: Fleet adds its own when it installs the package, and two
calls would run the user's processors twice; and the embedded engine does not know ``ignore_missing_pipeline``.
"""

from typing import cast

from collector.assets.files import Body

CUSTOM_PIPELINE = "logs-aoai.logs@custom"

BEFORE_TAG = "remove_event_original"
"""The user's processors run before this one, so that they still see ``event.original``."""

HOOK: Body = {
    "pipeline": {
        "tag": "pipeline_custom",
        "description": "Your own processors; they still see event.original.",
        "name": CUSTOM_PIPELINE,
        "ignore_missing_pipeline": True,
    }
}


def with_custom_hook(pipeline: Body) -> Body:
    """The pipeline with a call of ``logs-aoai.logs@custom`` before its clean-up; one without clean-up as it is."""
    processors: list[Body] = []
    for processor in cast("list[dict[str, Body]]", pipeline["processors"]):
        (parameters,) = processor.values()
        if parameters.get("tag") == BEFORE_TAG:
            processors.append(HOOK)
        processors.append(cast("Body", processor))
    return {**pipeline, "processors": processors}
