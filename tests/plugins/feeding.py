"""Records whose correlation ids tell afterwards which of them arrived."""

import json
from collections import Counter
from uuid import uuid4

from plugins.daemon import HUB, PARTITIONS, Documents

from collector.emulators.event_hubs import EventHubsEmulator

_RESOURCE = (
    "/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001/RESOURCEGROUPS/RG-TEST/PROVIDERS/"
    "MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI-TEST"
)


def make_record(correlation_id: str) -> dict[str, object]:
    """A call of one second that went well."""
    start = 639087300625394150
    return {
        "time": "2026-03-10T09:01:06.4104150Z",
        "category": "RequestResponse",
        "operationName": "ChatCompletions_Create",
        "resourceId": _RESOURCE,
        "resultSignature": "200",
        "durationMs": 1000,
        "correlationId": correlation_id,
        "properties": {"requestTime": start, "responseTime": start + 10_000_000, "modelDeploymentName": "chat"},
    }


def feed(hub: EventHubsEmulator, events: int, per_event: int, *, partitions: int = PARTITIONS) -> set[str]:
    """Put events over all partitions into the hub; return the correlation ids of their records."""
    fed: set[str] = set()
    for number in range(events):
        ids = [str(uuid4()) for _ in range(per_event)]
        body = json.dumps({"records": [make_record(each) for each in ids]}).encode()
        hub.append(HUB, str(number % partitions), body)
        fed.update(ids)
    return fed


async def lost_and_extra(documents: Documents, expected: set[str], dataset: str = "aoai.logs") -> tuple[int, int]:
    """Hold a data stream against what was fed: how many records it lacks, and how many documents it should not have."""
    found = Counter(await documents.values(dataset, "azure.open_ai.correlation_id"))
    return len(expected - found.keys()), (found - Counter(expected)).total()
