"""Counts the calls of the traffic as Azure Monitor would: minute by minute, whatever becomes of their log records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from collector.demo.expectations import Call
from collector.demo.fleet import RESOURCES, THROTTLED
from collector.emulators.azure_monitor import (
    Account,
    Calls,
    Deployment,
    MetricResource,
    Observation,
    Sample,
    Throughput,
)

PROVISIONED_UNITS: Final = 300
"""What the deployment that is throttled in a burst has bought."""

TOKENS_PER_UNIT: Final = 2_500
"""What a unit of it does in a minute, prompts and answers together."""

_STANDARD_CAPACITY: Final = 450
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class _Name:
    """What calls of one series have in common."""

    deployment: str
    model: str
    version: str
    status: int
    stream_type: str
    operation: str
    api: str


@dataclass(slots=True)
class _Sums:
    """What they come to; times in ms."""

    count: int = 0
    total_ms: float = 0.0
    least_ms: float = float("inf")
    most_ms: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, call: Call) -> None:
        self.count += 1
        self.total_ms += call.milliseconds
        self.least_ms, self.most_ms = min(self.least_ms, call.milliseconds), max(self.most_ms, call.milliseconds)
        self.bytes_in += call.request_bytes
        self.bytes_out += call.response_bytes
        self.tokens_in += call.input_tokens
        self.tokens_out += call.output_tokens


class Meter:
    """All calls so far, by resource and minute. A call counts in the minute in which it was answered."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, datetime], dict[_Name, _Sums]] = {}

    def enter(self, call: Call) -> None:
        """Count a call."""
        model = call.deployment.model
        names = (call.deployment.name, model.name, model.version, call.status, call.stream_type, model.operation)
        minute = call.answered.replace(second=0, microsecond=0)
        series = self._minutes.setdefault((call.resource.id.lower(), minute), {})
        series.setdefault(_Name(*names, call.api), _Sums()).add(call)

    def count_calls(self, since: datetime, until: datetime) -> int:
        """Return how many calls were answered in the minutes that begin between the two, `until` not included."""
        minutes = (series for (_, minute), series in self._minutes.items() if since <= minute < until)
        return sum(each.count for series in minutes for each in series.values())

    def __call__(self, resource: MetricResource, minute: datetime) -> Sequence[Observation]:
        """Return what Azure Monitor knows of a minute."""
        series = self._minutes.get((resource.id.lower(), minute), {})
        calls = [_describe(resource.region, name, each) for name, each in series.items()]
        return [*(each.observe() for each in calls), *_measure_throughput(resource, calls)]


def list_accounts() -> list[Account]:
    """Return the fleet as Resource Manager knows it."""
    return [
        Account(
            resource.name,
            resource.group,
            resource.region,
            resource.subscription,
            deployments=[
                Deployment(each.name, each.model.name, each.model.version, *_choose_sku(resource.name, each.name))
                for each in resource.deployments
            ],
        )
        for resource in RESOURCES
    ]


def _choose_sku(resource: str, deployment: str) -> tuple[str, int]:
    bought = (resource, deployment) == THROTTLED
    return ("ProvisionedManaged", PROVISIONED_UNITS) if bought else ("Standard", _STANDARD_CAPACITY)


def _describe(region: str, name: _Name, sums: _Sums) -> Calls:
    times = Sample(sums.total_ms, sums.count, sums.least_ms, sums.most_ms)
    return Calls(
        region=region,
        deployment=name.deployment,
        model=name.model,
        version=name.version,
        status=name.status,
        stream_type=name.stream_type,
        time_to_response=times,
        time_to_last_byte=times,
        operation=name.operation,
        api=name.api,
        input_tokens=sums.tokens_in,
        output_tokens=sums.tokens_out,
        bytes_in=sums.bytes_in,
        bytes_out=sums.bytes_out,
    )


def _measure_throughput(resource: MetricResource, calls: Sequence[Calls]) -> Iterator[Observation]:
    """Yield the utilisation of the deployment that has bought throughput."""
    account, deployment = THROTTLED
    own = [each for each in calls if each.deployment == deployment and each.status == _OK]
    if own and resource.id.lower().endswith(f"/{account}"):
        tokens = sum(each.input_tokens + each.output_tokens for each in own)
        share = round(min(100.0, 100 * tokens / (PROVISIONED_UNITS * TOKENS_PER_UNIT)), 2)
        used = Sample(share, 1, share, share)
        yield Throughput(resource.region, deployment, own[0].model, own[0].version, used, tokens).observe()
