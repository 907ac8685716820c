"""What a running collector tells of itself to the commands on its machine: the numbers of /metrics, and why.

Promise: holds no secret and nothing of a record. A key is the name of the subject's field in `telemetry.status`.
"""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from collector.agent.policy_changes import PolicyInForce
from collector.telemetry.counters import Counters
from collector.telemetry.health import Component
from collector.telemetry.status import (
    DeadLetterStatus,
    GapStatus,
    OutputStatus,
    PartitionStatus,
    PollingStatus,
    ProcessStatus,
    StreamStatus,
)

if TYPE_CHECKING:
    from collector.agent.monitoring import Monitoring

_LISTS: Final = {
    OutputStatus: "outputs",
    DeadLetterStatus: "dead_letters",
    StreamStatus: "streams",
    PartitionStatus: "partitions",
    PollingStatus: "polling",
    GapStatus: "gaps",
}
LISTS: Final = ("components", *_LISTS.values())
"""The keys of what a report lists; ``workers`` is the supervisor's alone."""


def begin_report(force: PolicyInForce, process: ProcessStatus) -> dict[str, Any]:
    """Return what is told of a process and of the policy in force, with lists for the rest that are empty."""
    report: dict[str, Any] = {
        "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "process": {"pid": os.getpid(), "host": platform.node()} | asdict(process),
        "policy": {"file": str(force.file), "since": force.since.isoformat(), "refusal": force.refusal},
        "workers": [],
    }
    return report | {name: [] for name in LISTS}


def report_status(monitoring: "Monitoring", force: PolicyInForce, lines: Sequence[str]) -> dict[str, Any]:
    """Return the present state; ``lines`` are the recent ones of the log, oldest first."""
    report = begin_report(force, monitoring.describe_process())
    report["components"] = [_describe(component, lines) for component in monitoring.components()]
    for status in monitoring.statuses():
        if isinstance(status, ProcessStatus):
            continue
        if isinstance(status, OutputStatus):
            # Reasons of dead letters have a list of their own.
            counters = {name: value for name, value in _read_fields(status.counters).items() if isinstance(value, int)}
            report["outputs"].append(_read_fields(status) | {"counters": counters})
        else:
            report[_LISTS[type(status)]].append(asdict(status))
    return report


def _read_fields(subject: OutputStatus | Counters) -> dict[str, Any]:
    return {field.name: getattr(subject, field.name) for field in fields(subject)}


def _describe(component: Component, lines: Iterable[str]) -> dict[str, Any]:
    return {
        "component": component.kind,
        "name": component.name,
        "state": component.state.value,
        "troubles": [{"what": trouble.what, "reason": trouble.reason} for trouble in component.present],
        "last_error": _find_last_error(f"{component.kind} {component.name}", lines),
    }


def _find_last_error(name: str, lines: Iterable[str]) -> dict[str, Any] | None:
    """Return the latest of what was said of a component or a part of it, and has passed perhaps."""
    for line in reversed([line for line in lines if f'"component":"{name}' in line]):
        entry = json.loads(line)
        said_of = str(entry["component"])
        if entry["log.level"] in {"warning", "error"} and (said_of == name or said_of.startswith(f"{name} ")):
            reason = entry.get("error", {}).get("message", "")
            return {"@timestamp": entry["@timestamp"], "what": entry["message"], "reason": reason}
    return None
