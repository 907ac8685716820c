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


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream of the policy."""

    output: str
    stream: str
    owned_partitions: int | None
    """None where there are none: metrics are polled."""
    last_success_at: float | None
    healthy: bool


@dataclass(frozen=True, slots=True)
class PollingStatus:
    """The polling of one stream of metrics; all 0 while another collector polls."""

    output: str
    stream: str
    resources: int
    lag_seconds: float
    requests: int
    throttled_requests: int
    failed_requests: int
    restated_documents: int


@dataclass(frozen=True, slots=True)
class GapStatus:
    """The minutes without a value that one stream of metrics lists with the same reason."""

    output: str
    stream: str
    reason: str
    open_minutes: int
    closed_minutes: int
    lost_minutes: int


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition that is ours; None is what is not known yet."""

    output: str
    stream: str
    partition: str
    in_flight_records: int
    lag_events: int | None
    checkpoint_lag_events: int | None
    checkpoint_age_seconds: float
    lost_events: int
    last_received_at: float | None
    healthy: bool


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker process, as its supervisor sees it."""

    worker: int
    restarts: int
    healthy: bool


Status = ProcessStatus | OutputStatus | DeadLetterStatus | StreamStatus | PollingStatus | GapStatus | PartitionStatus
