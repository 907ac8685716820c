"""Records of other services that share the hub, and of categories that nobody has described yet.

They are not calls and must still be kept: another service's records end up beside ours whenever its diagnostic setting
names the same hub.
"""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from collector.demo.calls import write_guid, write_json, write_time
from collector.demo.expectations import Expectation, Fate, Record
from collector.demo.fleet import RESOURCES


def write_neighbour(dice: random.Random, at: datetime) -> Record:
    """Write one record that is none of Azure OpenAI's known categories."""
    return dice.choice(_WRITERS)(dice, at)


def _write_function_log(dice: random.Random, at: datetime) -> Record:
    """A Function App's log line."""
    site = "/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001/RESOURCEGROUPS/RG-SHOP/PROVIDERS/MICROSOFT.WEB/SITES"
    record = {
        "time": write_time(at),
        "resourceId": f"{site}/FN-ORDERS",
        "category": "FunctionAppLogs",
        "operationName": "Microsoft.Web/sites/functions/log",
        "level": "Informational",
        "location": "East US",
        "properties": {
            "appName": "fn-orders",
            "message": f"Executed 'Functions.Import' (Succeeded, Duration={dice.randrange(8, 900)}ms)",
            "functionInvocationId": write_guid(dice),
            "hostVersion": "4.34.2.2",
        },
    }
    return _keep(record, "function app log", "FunctionAppLogs")


def _write_metric(dice: random.Random, at: datetime) -> Record:
    """A platform metric of a diagnostic setting: it has no category and no dimensions."""
    count = dice.randrange(1, 60)
    record = {
        "count": count,
        "total": count,
        "minimum": 1,
        "maximum": 1,
        "average": 1,
        "resourceId": dice.choice(RESOURCES).id,
        "time": write_time(at.replace(second=0, microsecond=0)),
        "metricName": "AzureOpenAIRequests",
        "timeGrain": "PT1M",
    }
    return _keep(record, "diagnostic metric", None)


def _write_unknown(dice: random.Random, at: datetime) -> Record:
    """A category that this project has never heard of."""
    resource = dice.choice(RESOURCES)
    record = {
        "Tenant": resource.region,
        "category": "ManagedNetworkEvent",
        "operationName": "OutboundRule_Evaluate",
        "properties": {"ruleName": "allow-storage", "decision": dice.choice(("Allow", "Deny")), "hits": 3},
        "resourceId": resource.id,
        "time": write_time(at),
    }
    return _keep(record, "unknown category", "ManagedNetworkEvent")


def _keep(record: Mapping[str, object], why: str, category: str | None) -> Record:
    return Record(write_json(record), Expectation(Fate.INDEXED, why=why, category=category))


_WRITERS: Final[tuple[Callable[[random.Random, datetime], Record], ...]] = (
    _write_function_log,
    _write_metric,
    _write_unknown,
)
