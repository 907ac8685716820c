"""Policies of several streams, put together from parts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from collector.emulators.event_hubs import EventHubsEmulator


def stream_of(hub: EventHubsEmulator, name: str, **keys: Any) -> dict[str, Any]:
    """A stream that reads the hub of this name; its id is the name unless the keys say another."""
    return {"id": name, "eventhub": name, "connection_string": hub.connection_string()} | keys


def input_of(namespace: str, *streams: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """An input whose streams go to this namespace."""
    whole = {"id": namespace, "type": "azure-eventhub", "data_stream": {"namespace": namespace}} | keys
    return whole | {"streams": list(streams)}


def write_policy_file(
    path: Path, url: str, inputs: Sequence[dict[str, Any]], hosts: Mapping[str, str] | None = None
) -> None:
    """Write a policy whose inputs go to the outputs that they name, all at one address but for those in ``hosts``."""
    names = {each.get("use_output", "default") for each in inputs}
    addresses = dict.fromkeys(sorted(names), url) | dict(hosts or {})
    outputs = {name: {"type": "elasticsearch", "hosts": [host]} for name, host in addresses.items()}
    path.write_text(yaml.safe_dump({"outputs": outputs, "inputs": list(inputs)}), encoding="utf-8")
