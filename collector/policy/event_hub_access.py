"""Which keys of a stream that reads a hub go together, and what follows from them.

Promises: looks at which keys are given, so it can tell what is missing even where other values are wrong.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast

from collector.policy.clouds import Cloud
from collector.policy.connection_string import EventHubConnectionString
from collector.policy.login_rules import choose_cloud
from collector.policy.naming import CONTAINER, MAXIMUM_CONTAINER, derive_container
from collector.policy.problems import RefusedError
from collector.policy.section import Contradiction
from collector.policy.storage_rules import choose_store, complete_storage


def complete_stream(given: Mapping[str, object], input_id: str) -> dict[str, object]:
    """Return the keys of a stream with those added that follow from others.

    These are id, checkpoint_store, storage_account_container, and what follows from the cloud: authority_host,
    storage_account_endpoint, and the ending of eventhub_namespace.
    """
    stream = dict(given)
    data_stream = stream.get("data_stream")
    dataset = cast("Mapping[str, object]", data_stream).get("dataset") if isinstance(data_stream, Mapping) else None
    stream.setdefault("id", f"{input_id}-{dataset if isinstance(dataset, str) else 'aoai.logs'}")
    _complete_endpoints(stream)
    stream.setdefault("checkpoint_store", choose_store(stream))
    hub = stream.get("eventhub")
    if (
        stream["checkpoint_store"] == "blob"
        and isinstance(hub, str)
        and len(derive_container(hub)) <= MAXIMUM_CONTAINER
    ):
        stream.setdefault("storage_account_container", derive_container(hub))
    return stream


def _complete_endpoints(stream: dict[str, object]) -> None:
    cloud = _choose_cloud(stream)
    if cloud is None:
        return
    stream["cloud"] = cloud.name
    stream.setdefault("authority_host", cloud.authority_host)
    namespace = stream.get("eventhub_namespace")
    if isinstance(namespace, str) and re.fullmatch(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?", namespace):
        stream["eventhub_namespace"] = f"{namespace}.{cloud.event_hubs_suffix}"
    complete_storage(stream, cloud)


def _choose_cloud(stream: Mapping[str, object]) -> Cloud | None:
    """Return the cloud of the stream; the login host tells most."""
    hosts = [str(stream[key]) for key in ("authority_host", "eventhub_namespace") if key in stream]
    with suppress(KeyError, RefusedError):  # none, or one that is refused elsewhere
        hosts.append(EventHubConnectionString.parse(str(stream["connection_string"])).host)
    return choose_cloud(stream, hosts)


def find_route_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield ways to Azure that lead nowhere: a proxy without WebSocket."""
    if "proxy_url" in given and given.get("transport", "amqp") == "amqp":
        yield Contradiction(
            ("proxy_url",),
            "is given, but transport is amqp, which no HTTP proxy carries",
            "Write transport: websocket, which goes over port 443.",
        )


def find_container_problems(given: Mapping[str, object]) -> Iterator[Contradiction]:
    """Yield a container that cannot be named after the hub."""
    if given.get("checkpoint_store") == "blob" and "eventhub" in given and "storage_account_container" not in given:
        what = f"is missing, and aoai-<eventhub> would be longer than {MAXIMUM_CONTAINER} characters"
        yield Contradiction(("storage_account_container",), what, f"Write {CONTAINER.rule}.")
