"""The units of the component: each input of the agent's policy, and the output that they share.

Promises: what the agent expects is kept as the protocol wants it: a configuration comes only when it is new and holds
until the next one, also when nothing but a log level comes; a unit that the agent does not list any more is forgotten.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol

type UnitKey = tuple[str, int]
"""Id and type: the id of an output may be that of an input."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a unit fares: its state, a sentence about it, and details by stream."""

    state: protocol.State
    message: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Unit:
    """One unit: what is expected of it, and what has become of that."""

    id: str
    type: protocol.UnitType
    expected_state: protocol.State
    log_level: protocol.UnitLogLevel
    config: protocol.UnitExpectedConfig
    index: int
    """Counts the configurations; the agent sends none whose number it has seen here."""
    applied_index: int = 0
    released: bool = False
    """Whether a unit that shall stop has let go of everything."""
    condition: Condition = Condition(protocol.STARTING)

    @property
    def key(self) -> UnitKey:
        """What tells the unit from every other."""
        return self.id, self.type

    @property
    def shall_run(self) -> bool:
        """Whether the agent wants it to run."""
        return self.expected_state != protocol.STOPPED

    def observe(self) -> protocol.UnitObserved:
        """Return what the agent is told of the unit."""
        observed = protocol.UnitObserved(
            id=self.id,
            type=self.type,
            config_state_idx=self.index,
            state=self.condition.state,
            message=self.condition.message,
        )
        observed.payload.update(self.condition.payload)
        return observed


class Units:
    """All units of the component, as the agent expects them."""

    def __init__(self) -> None:
        self._units: dict[UnitKey, Unit] = {}

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._units.values())

    def take(self, expected: Iterable[protocol.UnitExpected]) -> bool:
        """Take over the agent's list; return whether there is something to do about it."""
        news = list(expected)
        listed = {(each.id, int(each.type)) for each in news}
        gone = self._units.keys() - listed
        for key in gone:
            del self._units[key]
        changes = [self._take_one(each) for each in news]
        return any(changes) or bool(gone)

    def _take_one(self, expected: protocol.UnitExpected) -> bool:
        unit = self._units.get((expected.id, int(expected.type)))
        if unit is None:
            unit = Unit(
                expected.id,
                expected.type,
                expected.state,
                expected.log_level,
                expected.config,
                expected.config_state_idx,
            )
            self._units[unit.key] = unit
            return True
        changed = unit.expected_state != expected.state
        unit.expected_state, unit.log_level = expected.state, expected.log_level
        if expected.HasField("config") and unit.index != expected.config_state_idx:
            unit.config, unit.index = expected.config, expected.config_state_idx
            changed = True
        if unit.shall_run:
            unit.released = False
        return changed

    def of_type(self, unit_type: protocol.UnitType) -> list[Unit]:
        """Return the units of a type that shall run, in the order in which they came."""
        return [unit for unit in self._units.values() if unit.type == unit_type and unit.shall_run]
