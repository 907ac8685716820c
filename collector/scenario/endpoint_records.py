"""Writes a day of online endpoints as Azure does: traffic logs, and metrics of endpoints and of their deployments."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Final

from elasticsearch import Elasticsearch

from collector.azure_monitor.metrics import metrics_of
from collector.delivery.routing import ENDPOINTS
from collector.demo.calls import write_json, write_time
from collector.emulators.azure_monitor import Observation, Sample
from collector.events import DataStream
from collector.inputs.azure_metrics.planning import MetricGroup, group_metrics
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.resources import Resource
from collector.policy.azure_resources import ONLINE_DEPLOYMENTS, ONLINE_ENDPOINTS
from collector.scenario.capacity import Spread
from collector.scenario.endpoints import REGION, WORKSPACE, EndpointCall, EndpointDay, EndpointDeployment, Machine
from collector.scenario.metering import measure
from collector.scenario.writing import write_documents, write_texts

_REASONS: Final = {
    200: "via_upstream",
    401: "unauthorized",
    408: "upstream_timeout",
    424: "model_error",
    429: "too_many_pending_requests",
    503: "upstream_unavailable",
}
_QUANTILES: Final = {"_P50": 0.5, "_P90": 0.9, "_P95": 0.95, "_P99": 0.99}


def write_endpoint_day(client: Elasticsearch, day: EndpointDay, namespace: str) -> None:
    """Write everything that Azure has of a day to the data streams of a namespace, and refresh them.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    write_texts(client, ((call.at, _write_traffic(call)) for call in day.calls), namespace)
    write_documents(client, DataStream("metrics", ENDPOINTS, namespace), _meter(day))
    client.indices.refresh(index=f"*-{ENDPOINTS}-{namespace}")


def _write_traffic(call: EndpointCall) -> str:
    properties: dict[str, object] = {
        "AuthType": "AADToken" if call.caller else "Key",
        "AzureMLWorkspaceName": WORKSPACE,
        "DeploymentName": call.deployment.name,
        "EndpointName": call.deployment.endpoint,
        "IdentityData": call.caller,
        "Method": "POST",
        "Path": "/score",
        "ResponseCode": call.status,
        "ResponseCodeReason": _REASONS[call.status],
        "TotalDurationMs": call.latency_ms,
        "XRequestId": call.request_id,
    }
    if call.model_status is not None:
        properties["ModelStatusCode"] = call.model_status
    return write_json(
        {
            "category": "AmlOnlineEndpointTrafficLog",
            "operationName": "AmlOnlineEndpointTraffic",
            "resourceId": call.deployment.endpoint_id.upper(),
            "time": write_time(call.at),
            "properties": properties,
        }
    )


def _meter(day: EndpointDay) -> Iterator[Document]:
    calls: defaultdict[tuple[EndpointDeployment, datetime], list[EndpointCall]] = defaultdict(list)
    for call in day.calls:
        calls[call.deployment, call.at.replace(second=0, microsecond=0)].append(call)
    for (deployment, minute), together in calls.items():
        endpoint = Resource(deployment.endpoint_id, ONLINE_ENDPOINTS, REGION)
        yield from measure(endpoint, minute, _groups(ONLINE_ENDPOINTS), list(_observe_calls(deployment, together)))
    for machine in day.machines:
        resource = Resource(machine.deployment.id, ONLINE_DEPLOYMENTS, REGION)
        yield from measure(resource, machine.minute, _groups(ONLINE_DEPLOYMENTS), list(_observe_machine(machine)))


def _observe_calls(deployment: EndpointDeployment, calls: Sequence[EndpointCall]) -> Iterator[Observation]:
    """Yield what Azure Monitor has of the calls of a minute; it works out its percentiles in a way of its own."""
    names = {"deployment": deployment.name}
    latencies = sorted(call.latency_ms for call in calls)
    yield Observation(
        names,
        {
            f"RequestLatency{name}": Sample.counted(latencies[math.ceil(part * len(latencies)) - 1])
            for name, part in _QUANTILES.items()
        },
    )
    for status, model_status in sorted({(call.status, call.model_status or 0) for call in calls}):
        codes = {
            "statusCode": str(status),
            "statusCodeClass": f"{status // 100}xx",
            "modelStatusCode": str(model_status),
        }
        count = sum((call.status, call.model_status or 0) == (status, model_status) for call in calls)
        yield Observation(names | codes, {"RequestsPerMinute": Sample.counted(count)})


def _observe_machine(machine: Machine) -> Iterator[Observation]:
    used = {
        "CpuUtilizationPercentage": machine.cpu,
        "CpuMemoryUtilizationPercentage": machine.memory,
        "GpuUtilizationPercentage": machine.gpu,
        "GpuMemoryUtilizationPercentage": machine.gpu_memory,
    }
    names = {"instanceId": machine.instance}
    yield Observation(names, {name: _sample(spread) for name, spread in used.items() if spread is not None})
    yield Observation(names | {"disk": "/"}, {"DiskUtilization": _sample(machine.disk)})
    yield Observation(names | {"State": "Ready"}, {"DeploymentCapacity": Sample.counted(1)})


def _sample(spread: Spread) -> Sample:
    return Sample(spread.mean, 1, spread.least, spread.most)


@cache
def _groups(namespace: str) -> tuple[MetricGroup, ...]:
    return group_metrics(metrics_of(namespace))
