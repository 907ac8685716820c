"""Made-up traffic: the same seed, resource and minute give the same observations, whenever they are asked for."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from collector.emulators.azure_monitor.calls import Calls, Throughput
from collector.emulators.azure_monitor.estate import (
    Account,
    Deployment,
    MetricResource,
    OnlineDeployment,
    OnlineEndpoint,
)
from collector.emulators.azure_monitor.observations import Observation, Sample

_IDLE_SHARE: Final = 0.2
_STATUSES: Final = ((200, 0.9), (429, 0.25), (400, 0.08), (500, 0.03))
_STREAMING_SHARE: Final = 0.5
_BUSIEST: Final = 120
_FILTERED_SHARE: Final = 0.15
_CATEGORIES: Final = ("Hate", "SelfHarm", "Sexual", "Violence")
_CODES: Final = (("200", 1.0), ("424", 0.1), ("500", 0.05))
# Polls read the same minutes again and again: an hour of a hundred resources.
_REMEMBERED: Final = 6_000


class SeededTraffic:
    """Observations of made-up traffic. Every fifth minute or so of a deployment is idle: its series are not there."""

    def __init__(self, seed: int) -> None:
        """The same seed gives the same traffic."""
        self._seed = seed
        self._written: dict[tuple[str, datetime], tuple[MetricResource, Sequence[Observation]]] = {}

    def __call__(self, resource: MetricResource, minute: datetime) -> Sequence[Observation]:
        """Return what happened to a resource in a minute."""
        key = (resource.id.lower(), minute)
        of, observations = self._written.get(key, (None, ()))
        if of is not resource:
            observations = self._write(resource, minute)
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            self._written[key] = resource, observations
        return observations

    def _write(self, resource: MetricResource, minute: datetime) -> Sequence[Observation]:
        dice = random.Random(f"{self._seed}/{resource.id.lower()}/{minute:%Y-%m-%dT%H:%M}")  # noqa: S311 - repeatable on purpose
        match resource:
            case Account():
                return tuple(_write_account(dice, resource))
            case OnlineEndpoint():
                return tuple(_write_endpoint(dice, resource))
            case OnlineDeployment():
                return tuple(_write_instances(dice, resource))
            case _:
                return ()


def _write_account(dice: random.Random, account: Account) -> Iterator[Observation]:
    for deployment in account.deployments:
        if dice.random() < _IDLE_SHARE:
            continue
        busy = dice.randint(1, _BUSIEST)
        yield from _write_calls(dice, account, deployment, busy)
        if deployment.is_provisioned:
            yield _write_throughput(dice, account, deployment, busy)
        if dice.random() < _FILTERED_SHARE:
            yield from _write_filtered(dice, account, deployment)
    if account.kind == "AIServices" and dice.random() >= _IDLE_SHARE:
        count = Sample.counted(dice.randint(0, 20))
        names = {"ApiVersion": "2024-09-01"}
        yield Observation(names, {"ContentSafetyTextAnalyzeRequestCount": count})


def _write_calls(dice: random.Random, account: Account, deployment: Deployment, busy: int) -> Iterator[Observation]:
    embeds = "embedding" in deployment.model
    for status, chance in _STATUSES:
        for stream in ("Non-Streaming",) if embeds else ("Non-Streaming", "Streaming"):
            if dice.random() > chance * (_STREAMING_SHARE if stream == "Streaming" else 1):
                continue
            count = max(1, round(busy * (1 if status == _STATUSES[0][0] else 0.1)))
            wait = _measure(dice, count, 40 if embeds else 600)
            succeeded = status == _STATUSES[0][0]
            yield Calls(
                region=account.region,
                deployment=deployment.name,
                model=deployment.model,
                version=deployment.version,
                status=status,
                stream_type=stream,
                time_to_response=wait,
                time_to_last_byte=_stretch(wait, 1 if embeds else dice.uniform(1.5, 6)),
                operation="Embeddings_Create" if embeds else "ChatCompletions_Create",
                input_tokens=count * dice.randint(20, 3000) if succeeded else 0,
                output_tokens=count * dice.randint(5, 800) if succeeded and not embeds else 0,
                bytes_in=count * dice.randint(200, 20_000),
                bytes_out=count * dice.randint(200, 9_000),
                cache_match_rate=round(dice.uniform(0, 60), 2),
            ).observe()


def _write_throughput(dice: random.Random, account: Account, deployment: Deployment, busy: int) -> Observation:
    load = 100 * busy / _BUSIEST
    return Throughput(
        account.region,
        deployment.name,
        deployment.model,
        deployment.version,
        _measure(dice, 6, load, most=100.0),
        busy * dice.randint(100, 900),
    ).observe()


def _write_filtered(dice: random.Random, account: Account, deployment: Deployment) -> Iterator[Observation]:
    count = Sample.counted(dice.randint(1, 3))
    names = {
        "ApiName": "Azure OpenAI API version 2024-10-21",
        "Region": account.region,
        "ModelDeploymentName": deployment.name,
        "ModelName": deployment.model,
        "ModelVersion": deployment.version,
        "TextType": dice.choice(("Prompt", "Completion")),
        "Category": dice.choice(_CATEGORIES),
    }
    yield Observation(names, {"RAIRejectedRequests": count})
    yield Observation(names | {"Severity": dice.choice(("Medium", "High"))}, {"RAIHarmfulRequests": count})


def _write_endpoint(dice: random.Random, endpoint: OnlineEndpoint) -> Iterator[Observation]:
    level = {name: _measure(dice, 1, mean) for name, mean in (("ConnectionsActive", 8), ("NewConnectionsPerSecond", 2))}
    yield Observation({}, level | {"NetworkBytes": _measure(dice, 1, 40_000)})
    for deployment in endpoint.deployments:
        if dice.random() < _IDLE_SHARE:
            continue
        names = {"deployment": deployment.name}
        yield Observation(names, _measure_latency(dice))
        for code, chance in _CODES:
            if dice.random() < chance:
                codes = {"statusCode": code, "statusCodeClass": f"{code[0]}xx", "modelStatusCode": code}
                yield Observation(names | codes, {"RequestsPerMinute": Sample.counted(dice.randint(1, 90))})
        events = {"DataCollectionEventsPerMinute": Sample.counted(dice.randint(0, 30))}
        yield Observation(names | {"type": "model_inputs"}, events)


def _write_instances(dice: random.Random, deployment: OnlineDeployment) -> Iterator[Observation]:
    for number in range(deployment.instances):
        names = {"instanceId": f"{deployment.name}-{number}"}
        used = ("CpuUtilizationPercentage", "CpuMemoryUtilizationPercentage")
        yield Observation(names, {name: _measure(dice, 2, 45, most=100.0) for name in used})
        yield Observation(names | {"disk": "/"}, {"DiskUtilization": _measure(dice, 1, 30, most=100.0)})
        yield Observation(names | {"State": "Ready"}, {"DeploymentCapacity": Sample.counted(1)})
    if dice.random() >= _IDLE_SHARE:
        yield Observation({}, {name: each for name, each in _measure_latency(dice).items() if "_" in name})
        codes = {"envoy_response_code": "200"}
        yield Observation(codes, {"RequestsPerMinute": Sample.counted(dice.randint(1, 90))})


def _measure_latency(dice: random.Random) -> dict[str, Sample]:
    median = dice.uniform(20, 400)
    quantiles = (("", 1.2), ("_P50", 1), ("_P90", 2.5), ("_P95", 3.5), ("_P99", 7))
    return {f"RequestLatency{name}": _repeat(round(median * factor, 3)) for name, factor in quantiles}


def _measure(dice: random.Random, count: int, mean: float, *, most: float = float("inf")) -> Sample:
    """Return so many measurements around a mean."""
    middle = min(most, round(dice.uniform(0.6, 1.4) * mean, 3))
    return Sample(middle * count, count, min(middle, round(middle * 0.4, 3)), min(most, round(middle * 1.9, 3)))


def _repeat(value: float) -> Sample:
    return Sample(value, 1, value, value)


def _stretch(sample: Sample, by: float) -> Sample:
    return Sample(sample.total * by, sample.count, sample.minimum * by, sample.maximum * by)
