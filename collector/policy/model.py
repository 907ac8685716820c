"""The whole policy, as the daemon uses it.

Promises: what stands here has been checked, has no variables left, and holds only what is enabled. It never changes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from collector.policy.azure_metrics import AzureMetricsInput, AzureMetricsStream
from collector.policy.elasticsearch import ElasticsearchOutput
from collector.policy.event_hub import EventHubInput, EventHubStream
from collector.policy.ignored_keys import POLICY_IGNORED, POLICY_REFUSED
from collector.policy.input_kinds import InputSection
from collector.policy.monitoring import Agent
from collector.policy.section import Section, setting


class TopLevel(Section):
    """The keys at the left margin of the file."""

    ignored_keys: ClassVar[Mapping[str, str]] = POLICY_IGNORED
    refused_keys: ClassVar[Mapping[str, str]] = POLICY_REFUSED

    outputs: dict[str, ElasticsearchOutput] = setting(
        ..., "Where documents go: outputs by name.", reason="required: documents must go somewhere"
    )
    agent: Agent = setting(
        Agent(), "Settings that are not of one input or output.", reason="every key of it has a default"
    )
    inputs: tuple[InputSection, ...] = setting(
        ..., "What is read: a list of inputs.", reason="required: without an input there is nothing to do"
    )


class Policy(TopLevel):
    """An Elastic Agent policy, reduced to what this collector does.

    `notes` says what else the file holds: each key, output or input that is not used, once, with place and reason.
    `files` are those that its variables may name.
    """

    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def streams(self) -> Iterator[tuple[EventHubInput, EventHubStream]]:
        """Yield every stream that reads an event hub with its input, in the order of the file."""
        for entry in self.inputs:
            if isinstance(entry, EventHubInput):
                for stream in entry.streams:
                    yield entry, stream

    def metrics_streams(self) -> Iterator[tuple[AzureMetricsInput, AzureMetricsStream]]:
        """Yield every stream that reads metrics with its input, in the order of the file."""
        for entry in self.inputs:
            if isinstance(entry, AzureMetricsInput):
                for stream in entry.streams:
                    yield entry, stream

    @property
    def monitoring_output(self) -> str | None:
        """The output for documents about the collector itself; None when the one that is named is not served."""
        name = self.agent.monitoring.use_output
        if name is None:
            name = "default" if "default" in self.outputs else self.inputs[0].use_output
        return name if name in self.outputs else None
