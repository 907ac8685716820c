"""How each unit fares, in the states of the agent and in a sentence that a person understands.

Promises: the worst of an input's streams is the input's state, and its trouble the sentence; each stream stands in the
payload by its id, where Kibana looks for it (as Filebeat writes it).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol

from collector import __version__
from collector.agent.component.translation import OUTPUT, package_version
from collector.agent.component.units import Condition, Unit
from collector.telemetry.health import Component, State

_STATES: Final[Mapping[State, protocol.State]] = {
    State.STARTING: protocol.STARTING,
    State.HEALTHY: protocol.HEALTHY,
    State.DEGRADED: protocol.DEGRADED,
    State.FAILED: protocol.FAILED,
}
_WORST_FIRST: Final = (State.FAILED, State.DEGRADED, State.STARTING, State.HEALTHY)


def judge_output(components: Iterable[Component]) -> Condition:
    """Return how the output fares."""
    for component in components:
        if (component.kind, component.name) == ("output", OUTPUT):
            return Condition(_STATES[component.state], _say(component, "Elasticsearch takes documents"))
    return Condition(protocol.STARTING, "waits for an input that can be used")


def judge_input(unit: Unit, streams: Sequence[str], components: Iterable[Component]) -> Condition:
    """Return how an input fares that has these streams."""
    named = {each.name: each for each in components if each.kind == "stream"}
    present = [named[stream] for stream in streams if stream in named]
    worst = min(present, key=lambda each: _WORST_FIRST.index(each.state), default=None)
    if worst is None:
        return Condition(protocol.STARTING, "starts")
    payload = {"streams": {each.name: _describe(each) for each in present}}
    if worst.state is State.HEALTHY and (mismatch := find_mismatch(package_version(unit))):
        return Condition(protocol.DEGRADED, mismatch, payload)
    message = _say(worst, "collects")
    if len(present) > 1 and worst.present:
        message = f"{worst.name}: {message}"
    return Condition(_STATES[worst.state], message, payload)


def find_mismatch(integration: str, collector: str = __version__) -> str:
    """Return what is wrong when the integration's version is not the collector's; a third number may differ."""
    if not integration or integration.split(".")[:2] == collector.split(".")[:2]:
        return ""
    return (
        f"collects, but the integration is {integration} and the collector {collector}: what they write may not fit. "
        "Bring both to the same version."
    )


def _describe(component: Component) -> dict[str, str]:
    return {"status": component.state.value.upper(), "error": _say(component, "") if component.present else ""}


def _say(component: Component, well: str) -> str:
    if component.present:
        trouble = component.present[0]
        return f"{trouble.what}: {trouble.reason}" if trouble.reason else str(trouble.what)
    return well if component.started else "waits until Elasticsearch is ready"
