"""From a stream of the policy to the encoder of its records."""

from collections.abc import Mapping, Sequence
from functools import partial

from collector.delivery.processing import enrich, is_constant
from collector.events import DataStream, Source
from collector.output.elasticsearch.encoding import CONTENT_TAG_PREFIX, StreamEncoder
from collector.policy import EventHubStream
from collector.policy.processors import Processor


def build_encoder(
    source: Source,
    stream: EventHubStream,
    target: DataStream,
    processors: Sequence[Processor],
    *,
    routes: Mapping[str, str] | None = None,
) -> StreamEncoder:
    """Return an encoder for a target; processors that look at the record are left to ``RecordProcessing``."""
    return StreamEncoder(
        source,
        target,
        (*stream.tags, CONTENT_TAG_PREFIX + stream.content),
        preserve_original=stream.preserve_original_event,
        enrich=partial(enrich, processors=processors if is_constant(processors) else ()),
        routes=routes,
    )
