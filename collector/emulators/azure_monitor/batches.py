"""The data plane: `metrics:getBatch`, values of up to 50 resources of one subscription, region and type.

Source: learn.microsoft.com, "How to migrate from the metrics API to the getBatch API".
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast

from collector.emulators.azure_monitor.answers import Reader, write_time
from collector.emulators.azure_monitor.cloud import Cloud
from collector.emulators.azure_monitor.errors import (
    RequestRefusedError,
    bad_request,
    bad_value,
    missing_api_version,
    missing_parameter,
    unknown_resource,
    unknown_subscription,
)
from collector.emulators.azure_monitor.estate import MetricResource, normalise_region
from collector.emulators.azure_monitor.inventory import Document
from collector.emulators.azure_monitor.queries import parse_query, parse_time

MOST_RESOURCES: Final = 50
"""How many resources a call may name."""

ACTION: Final = "getBatch"
"""The name in the journal and in faults."""

_VERSIONS: Final = ("2023-10-01", "2024-02-01")
_PATH: Final = re.compile(
    r"(?:/(?P<region>[^/]+))?/subscriptions/(?P<subscription>[^/]+)/metrics:getbatch", re.IGNORECASE
)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: who asks, at what time, at which region's endpoint (empty for none), for what."""

    client_id: str
    region: str
    subscription: str
    parameters: Mapping[str, str]
    resource_ids: Sequence[str]
    now: datetime


def find_batch(path: str) -> tuple[str, str] | None:
    """Return region and subscription that a path names; None when it is no batch."""
    match = _PATH.fullmatch(path)
    return (normalise_region(match["region"] or ""), match["subscription"]) if match else None


def parse_body(body: bytes) -> list[str]:
    """Return the resource ids of a request.

    Raises:
        RequestRefusedError: it is no JSON, or has no list under `resourceids`, written just so.
    """
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        raise bad_request("The request body is no valid JSON") from None
    ids: Any = cast("dict[str, Any]", parsed).get("resourceids") if isinstance(parsed, dict) else None
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in cast("list[Any]", ids)):
        raise bad_request("The request body has no list 'resourceids' of resource ids")
    if len(set(cast("list[str]", ids))) > MOST_RESOURCES:
        raise bad_request(f"Requested resources count: {len(cast('list[str]', ids))} bigger than allowed max: 50")
    return cast("list[str]", ids)


class BatchReader:
    """Answers batches."""

    def __init__(self, cloud: Cloud, seed: int) -> None:
        """`seed` tells the order of answers, which is not that of the question: the service promises none."""
        self._cloud = cloud
        self._seed = seed

    def answer(self, batch: Batch) -> Document:
        """Return the body of the answer.

        Raises:
            RequestRefusedError: the request is wrong, not allowed, or one too many.
        """
        version = batch.parameters.get("api-version")
        if not version:
            raise missing_api_version()
        if version not in _VERSIONS:
            raise RequestRefusedError(
                HTTPStatus.BAD_REQUEST, "UnsupportedApiVersion", f"API version '{version}' is not supported."
            )
        if batch.subscription.lower() not in self._cloud.estate.subscriptions:
            raise unknown_subscription(batch.subscription)
        self._cloud.access.require_batch(batch.client_id, batch.subscription)
        self._cloud.throttle.count_batch(batch.subscription.lower())
        return {"values": [*self._read(batch)]}

    def _read(self, batch: Batch) -> list[Document]:
        namespace = batch.parameters.get("metricnamespace")
        if not namespace:
            raise missing_parameter("metricnamespace")
        found = {each: self._find(batch, each, namespace) for each in batch.resource_ids}
        regions = sorted({each.region for each in found.values()})
        if len(regions) > 1 or batch.region not in {"", regions[0]}:
            raise bad_request(f"Resources of region(s) {','.join(regions)} at the endpoint of '{batch.region}'")
        kind = next(iter(found.values())).type
        start, end = self._parse_span(batch)
        wanted = batch.parameters.get("filter", "")
        query = parse_query(batch.parameters, (start, end), wanted, kind, self._cloud.definitions)
        reader = Reader(self._cloud.history, batch.now)
        times = {"starttime": write_time(query.start), "endtime": write_time(query.end)}
        return [
            reader.answer(found[each], query, each) | times | {"resourceid": each}
            for each in sorted(found, key=self._shuffle)
        ]

    def _find(self, batch: Batch, resource_id: str, namespace: str) -> MetricResource:
        if not resource_id.lower().startswith(f"/subscriptions/{batch.subscription}/".lower()):
            raise bad_request(f"Resource '{resource_id}' is not in subscription '{batch.subscription}'")
        resource = self._cloud.estate.find(resource_id)
        if resource is None:
            raise unknown_resource(resource_id)
        if resource.type.lower() != namespace.lower():
            raise bad_value(namespace, "metricnamespace", [resource.type])
        return resource

    def _parse_span(self, batch: Batch) -> tuple[datetime, datetime]:
        """Return the time that is asked for: the last hour unless told otherwise."""
        given = batch.parameters
        end = parse_time(given["endtime"], "endtime") if "endtime" in given else batch.now
        start = parse_time(given["starttime"], "starttime") if "starttime" in given else end - _HOUR
        return start, end

    def _shuffle(self, resource_id: str) -> bytes:
        return hashlib.blake2b(f"{self._seed}/{resource_id.lower()}".encode(), digest_size=8).digest()
