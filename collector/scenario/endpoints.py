"""A day of online endpoints of Azure Machine Learning: what they were asked, how it ended, how full machines were.

`draw_endpoint_day` is the ledger; ``endpoint_records`` writes it as logs and as metrics. It is of its own dice and not
of the calls of a day.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collector.demo.calls import write_guid
from collector.demo.fleet import PRODUCTION, Spread
from collector.scenario.capacity import Spread as Range

WORKSPACE: Final = "ws-shop"
WORKSPACE_ID: Final = (
    f"/subscriptions/{PRODUCTION}/resourceGroups/rg-shop-ml"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"
)
REGION: Final = "westeurope"

_OK, _TOO_MANY, _MODEL_FAILED = 200, 429, 424
_USUAL: Final = {401: 0.01, 408: 0.01, _MODEL_FAILED: 0.03, _TOO_MANY: 0.02, 503: 0.01}
_RUSH: Final = {**_USUAL, _TOO_MANY: 0.4}
_RUSH_HOURS: Final = (13, 14)
_REFUSED_MS: Final = Spread(6, 0.5)
_MODEL_STATUS: Final = 500
_STEP: Final = timedelta(minutes=5)
_CALLERS: Final = ("00000031-1111-4222-8333-000000000031", "00000032-1111-4222-8333-000000000032", "")


@dataclass(frozen=True, slots=True)
class EndpointDeployment:
    """A deployment behind an endpoint; ``gpu`` tells whether its machines have any, ``weight`` its share of calls."""

    endpoint: str
    name: str
    instances: int
    weight: float
    latency_ms: Spread
    gpu: bool = False

    @property
    def endpoint_id(self) -> str:
        """The resource id of the endpoint."""
        return f"{WORKSPACE_ID}/onlineEndpoints/{self.endpoint}"

    @property
    def id(self) -> str:
        """Its own resource id."""
        return f"{self.endpoint_id}/deployments/{self.name}"


DEPLOYMENTS: Final = (
    EndpointDeployment("ranker", "blue", instances=3, weight=6, latency_ms=Spread(40, 0.6)),
    EndpointDeployment("ranker", "canary", instances=1, weight=1, latency_ms=Spread(70, 0.7)),
    EndpointDeployment("shop-flow", "main", instances=2, weight=2, latency_ms=Spread(420, 0.6), gpu=True),
)
"""The first is asked for more than it takes in an hour after noon."""


@dataclass(frozen=True, slots=True)
class EndpointCall:
    """A request to an endpoint.

    Attributes:
        at: when it was answered.
        deployment: what it went to.
        status: what the caller got.
        model_status: what the model answered, None where it was not asked.
        latency_ms: the whole time of it.
        caller: the Entra object id in its token, nothing for a key.
        request_id: Azure's id of it.
    """

    at: datetime
    deployment: EndpointDeployment
    status: int
    model_status: int | None
    latency_ms: int
    caller: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Machine:
    """How full an instance of a deployment was in a minute, in percent; no GPU, no figures of one."""

    minute: datetime
    deployment: EndpointDeployment
    instance: str
    cpu: Range
    memory: Range
    disk: Range
    gpu: Range | None
    gpu_memory: Range | None


@dataclass(frozen=True, slots=True)
class EndpointDay:
    """A day, from ``start`` to before ``end``, in the order of time."""

    start: datetime
    end: datetime
    calls: tuple[EndpointCall, ...]
    machines: tuple[Machine, ...]


def draw_endpoint_day(seed: int, start: datetime, end: datetime, *, calls: int) -> EndpointDay:
    """Return a day with so many calls, and a minute in five of each instance."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    drawn = sorted((_draw_call(dice, start, end) for _ in range(calls)), key=lambda call: call.at)
    minutes = (start + number * _STEP for number in range((end - start) // _STEP))
    machines = (machine for minute in minutes for machine in _draw_machines(dice, minute))
    return EndpointDay(start, end, tuple(drawn), tuple(machines))


def _draw_call(dice: random.Random, start: datetime, end: datetime) -> EndpointCall:
    at = start + timedelta(milliseconds=dice.randrange((end - start) // timedelta(milliseconds=1)))
    deployment = dice.choices(DEPLOYMENTS, [each.weight for each in DEPLOYMENTS])[0]
    failures = _RUSH if _is_rushed(deployment, at) else _USUAL
    status = dice.choices((*failures, _OK), (*failures.values(), 1 - sum(failures.values())))[0]
    spread = deployment.latency_ms if status in {_OK, _MODEL_FAILED} else _REFUSED_MS
    return EndpointCall(
        at=at,
        deployment=deployment,
        status=status,
        model_status={_OK: _OK, _MODEL_FAILED: _MODEL_STATUS}.get(status),
        latency_ms=max(1, round(spread.median * dice.lognormvariate(0, spread.sigma))),
        caller=dice.choice(_CALLERS),
        request_id=write_guid(dice),
    )


def _is_rushed(deployment: EndpointDeployment, at: datetime) -> bool:
    return deployment is DEPLOYMENTS[0] and at.hour in _RUSH_HOURS


def _draw_machines(dice: random.Random, minute: datetime) -> Iterator[Machine]:
    for deployment in DEPLOYMENTS:
        busy = (80, 100) if _is_rushed(deployment, minute) else (10, 60)
        for number in range(deployment.instances):
            yield Machine(
                minute=minute,
                deployment=deployment,
                instance=f"{deployment.name}-{number}",
                cpu=_draw_range(dice, *busy),
                memory=_draw_range(dice, 30, 70),
                disk=_draw_range(dice, 20, 45),
                gpu=_draw_range(dice, 20, 95) if deployment.gpu else None,
                gpu_memory=_draw_range(dice, 60, 90) if deployment.gpu else None,
            )


def _draw_range(dice: random.Random, low: int, high: int) -> Range:
    least, mean, most = sorted(dice.uniform(low, high) for _ in range(3))
    return Range(round(least, 2), round(mean, 2), round(most, 2))
