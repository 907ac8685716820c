"""What Azure Monitor counts of the content filter: calls it looked at, in which it found something, that it blocked."""

from collections.abc import Iterator
from typing import Final

from collector.emulators.azure_monitor import Observation, Sample
from collector.scenario.findings import Finding
from collector.scenario.ledger import MeteredMinute

METRICS: Final = frozenset({"RAITotalRequests", "RAIHarmfulRequests", "RAIRejectedRequests"})

_CATEGORY_NAMES: Final = {
    "custom_blocklists": "CustomBlocklists",
    "hate": "Hate",
    "indirect_attack": "IndirectAttack",
    "jailbreak": "Jailbreak",
    "self_harm": "SelfHarm",
    "sexual": "Sexual",
    "violence": "Violence",
}
"""Nobody has published how the metrics spell them."""


def observe_screening(minute: MeteredMinute) -> Iterator[Observation]:
    """Yield what the metrics of the content filter have of a minute; what was found is counted one call at a time.

    Only harm is in the metric of what was found, since only harm has a severity.
    """
    model = minute.place.deployment.model
    dimensions = {
        "ApiName": "Azure OpenAI API version 2024-10-21",
        "Region": minute.place.resource.region,
        "ModelDeploymentName": minute.place.deployment.name,
        "ModelName": model.name,
        "ModelVersion": model.version,
    }
    if screened := sum(call.screened for call in minute.calls):
        yield Observation(dimensions, {"RAITotalRequests": Sample.counted(screened)})
    for finding in (call.finding for call in minute.calls):
        if finding is not None:
            yield _observe(dimensions, finding)


def _observe(dimensions: dict[str, str], finding: Finding) -> Observation:
    names = dimensions | {
        "TextType": "Prompt" if finding.in_prompt else "Completion",
        "Category": _CATEGORY_NAMES[finding.category],
    }
    counted: dict[str, Sample] = {}
    if finding.filtered:
        counted["RAIRejectedRequests"] = Sample.counted(1)
    if finding.severity is not None:
        names["Severity"] = finding.severity.capitalize()
        counted["RAIHarmfulRequests"] = Sample.counted(1)
    return Observation(names, counted)
