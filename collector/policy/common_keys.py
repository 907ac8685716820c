"""Keys that inputs or streams of every kind have, each said once: ``enabled: ... = input_enabled()``."""

from typing import Any

from collector.policy.section import Section, setting


def input_id(kind: str, example: str) -> Any:
    """Return ``id`` of an input of this type."""
    return setting(
        kind,
        "The name of the input; no two inputs have the same.",
        reason="the input's type, as in the Elastic Agent",
        example=example,
    )


def input_type(kind: str) -> Any:
    """Return ``type`` of an input."""
    return setting(
        ...,
        "The kind of input. The name that begins with aoai/ is for Fleet, where the other belongs to a program of the "
        "Elastic Agent; both mean the same here.",
        reason="required: it tells which keys follow",
        example=kind,
    )


def use_output() -> Any:
    """Return ``use_output`` of an input."""
    return setting("default", "The output that the input's documents go to.", reason="the Elastic Agent's default")


def input_enabled() -> Any:
    """Return ``enabled`` of an input."""
    return setting(
        True,
        "Whether the input runs. Nothing else of a disabled input is looked at.",
        reason="who writes an input wants it",
    )


def input_data_stream(default: Section) -> Any:
    """Return ``data_stream`` of an input."""
    return setting(default, "Its keys are the defaults of the streams' own.", reason="Kibana writes the namespace here")


def input_processors() -> Any:
    """Return ``processors`` of an input."""
    return setting(
        (),
        "Processors of all streams of the input; they run before a stream's own.",
        reason="Kibana writes the global data tags of an agent policy here, as add_fields",
    )


def stream_enabled() -> Any:
    """Return ``enabled`` of a stream."""
    return setting(
        True,
        "Whether the stream is read. Nothing else of a disabled stream is looked at.",
        reason="who writes a stream wants it",
    )


def stream_tags() -> Any:
    """Return ``tags`` of a stream."""
    return setting(
        (),
        "Tags of every document of the stream.",
        reason="a tag is for people to choose",
        example="[forwarded, production]",
    )


def namespace() -> Any:
    """Return ``namespace`` of a data stream."""
    return setting(
        "default",
        "The namespace of the data stream: what tells environments or teams apart.",
        reason="the Elastic Agent's default",
    )
