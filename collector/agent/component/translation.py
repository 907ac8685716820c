"""What an agent expects, as the policy that a file would hold.

Promises: the one place where the agent's form becomes ours. Each input is taken in on its own: what is wrong with one
is told of that one, and the others are in the policy. A text is taken as it is, for the agent has replaced variables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol
from google.protobuf.struct_pb2 import Struct, Value

from collector.agent.component.units import Unit, UnitKey
from collector.policy import Policy, PolicyError, Problem, load_values
from collector.policy.loading import OUTPUT_TYPES
from collector.telemetry.documents import DATASET as HEALTH

OUTPUT: Final = "default"
"""The name of the output in the policy; a component has one."""
_ORIGIN: Final = "Fleet"
_SERVED: Final = "Give the agent's policy one of type elasticsearch."
_NOTHING: Final = "no stream of the input is enabled, so there is nothing to collect"


@dataclass(frozen=True, slots=True)
class Translation:
    """The policy, None when there is nothing to do; which unit has which streams in it; why others have none."""

    policy: Policy | None
    streams: dict[UnitKey, tuple[str, ...]] = field(default_factory=dict[UnitKey, tuple[str, ...]])
    refusals: dict[UnitKey, str] = field(default_factory=dict[UnitKey, str])


def translate(inputs: Sequence[Unit], outputs: Sequence[Unit]) -> Translation:
    """Return what the units make together."""
    if not outputs:
        return Translation(None)
    output, *others = outputs
    refusals = {unit.key: "a component has one output, and this is another" for unit in others}
    target = read_struct(output.config.source)
    if why := _refuse_output(target):
        return Translation(None, refusals=refusals | {output.key: why})
    entries: list[dict[str, Any]] = []
    accepted: list[UnitKey] = []
    for unit in inputs:
        entry = _read_input(unit)
        if why := _find_refusal(target, entries, entry):
            refusals[unit.key] = why
        else:
            entries.append(entry)
            accepted.append(unit.key)
    if not entries:
        return Translation(None, refusals=refusals)
    policy = load_values(_compose(target, entries, _read_monitoring(inputs)), _ORIGIN)
    streams = (tuple(stream.id for stream in entry.streams) for entry in policy.inputs)
    return Translation(policy, dict(zip(accepted, streams, strict=True)), refusals)


def read_struct(struct: Struct) -> dict[str, Any]:
    """Return the mapping as Python has it; numbers without a fraction are whole again."""
    return {key: _read_value(value) for key, value in struct.fields.items()}


def _read_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return read_struct(value.struct_value)
        case "list_value":
            return [_read_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "string_value":
            return value.string_value
        case _:
            return None


def _read_input(unit: Unit) -> dict[str, Any]:
    return {"id": unit.config.id, "type": unit.config.type, **read_struct(unit.config.source), "use_output": OUTPUT}


def _read_monitoring(inputs: Iterable[Unit]) -> dict[str, Any]:
    """Return ``agent.monitoring``: numbers are sent when the agent's key may write them; the agent shows the state."""
    for unit in inputs:
        for stream in unit.config.streams:
            if stream.data_stream.dataset == HEALTH:
                namespace = stream.data_stream.namespace or unit.config.data_stream.namespace or "default"
                return {"http": {"enabled": False}, "namespace": namespace}
    return {"enabled": False}


def _compose(target: dict[str, Any], entries: list[dict[str, Any]], monitoring: dict[str, Any]) -> dict[str, Any]:
    return {"outputs": {OUTPUT: target}, "agent": {"monitoring": monitoring}, "inputs": entries}


def _refuse_output(target: dict[str, Any]) -> str:
    """Return what is wrong with the output; nothing when all is well."""
    try:
        load_values(_compose(target, [], {"enabled": False}), _ORIGIN)
    except PolicyError as error:  # always: there is no input in it
        wrong = [each for each in error.problems if each.key.startswith("outputs")]
        if wrong:
            return _render(wrong, f"outputs.{OUTPUT}.")
    kind = target["type"]
    return "" if kind in OUTPUT_TYPES else f"an output of type {kind} is not served. {_SERVED}"


def _find_refusal(target: dict[str, Any], accepted: list[dict[str, Any]], entry: dict[str, Any]) -> str:
    """Return what is wrong with an input, alone or beside those that are accepted; nothing when all is well."""
    try:
        policy = load_values(_compose(target, [*accepted, entry], {"enabled": False}), _ORIGIN)
    except PolicyError as error:
        if error.problems[0].key == "inputs":
            return _NOTHING
        return _render(error.problems, f"inputs[{len(accepted)}].")
    # An input that is disabled, or of a type that is not served, is not in the policy.
    return "" if len(policy.inputs) > len(accepted) and policy.inputs[-1].streams else _NOTHING


def _render(problems: Iterable[Problem], prefix: str) -> str:
    return " ".join(f"{each.key.removeprefix(prefix)}: {each.what}. {each.hint}" for each in problems)


def package_version(unit: Unit) -> str:
    """Return the version of the integration that the unit came from, empty when it came from none."""
    return unit.config.meta.package.version if unit.config.type.startswith("aoai/") else ""


def log_level(units: Iterable[Unit]) -> protocol.UnitLogLevel:
    """Return the level of the unit that wants to hear most; there is one log for all."""
    return max((unit.log_level for unit in units), default=protocol.INFO)
