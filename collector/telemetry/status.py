"""What there is to watch at one moment: the subjects that numbers are about.

The agent makes these when it is asked; nothing here is kept.
"""

from dataclasses import dataclass

from collector.telemetry.counters import Counters


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """The process itself."""

    version: str
    started_at: float
    """Seconds since 1970, as every moment here."""
    cpu_seconds: float
    resident_bytes: int | None
    """None where the system does not tell."""


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """One output of the policy."""

    output: str
    counters: Counters
    in_flight_bytes: int
    in_flight_limit_bytes: int
    last_success_at: float | None
    healthy: bool


@dataclass(frozen=True, slots=True)
class DeadLetterStatus:
    """The dead letters of one output that have the same reason."""

    output: str
    reason: str
    records: int


Status = ProcessStatus | OutputStatus | DeadLetterStatus
