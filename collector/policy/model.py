"""The whole policy, as the daemon uses it.

Promises: what stands here has been checked, has no variables left, and holds only what is enabled. It never changes.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from collector.policy.elasticsearch import ElasticsearchOutput
from collector.policy.event_hub import EventHubInput, EventHubStream
from collector.policy.ignored_keys import POLICY_IGNORED, POLICY_REFUSED
from collector.policy.section import Section, setting


class TopLevel(Section):
    """The keys at the left margin of the file."""

    ignored_keys: ClassVar[Mapping[str, str]] = POLICY_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = POLICY_REFUSED

    outputs: dict[str, ElasticsearchOutput] = setting(
        ..., "Where documents go: outputs by name.", reason="required: documents must go somewhere"
    )
    inputs: tuple[EventHubInput, ...] = setting(
        ..., "What is read: a list of inputs.", reason="required: without an input there is nothing to do"
    )


class Policy(TopLevel):
    """An Elastic Agent policy, reduced to what this collector does.

    `notes` says what else the file holds: each key, output or input that is not used, once, with place and reason.
    """

    notes: tuple[str, ...] = ()

    def streams(self) -> Iterator[tuple[EventHubInput, EventHubStream]]:
        """Yield every stream with its input, in the order of the file."""
        for entry in self.inputs:
            for stream in entry.streams:
                yield entry, stream
