"""Policies of several streams, put together from parts."""

from collections.abc import Sequence
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


def write_policy_file(path: Path, url: str, inputs: Sequence[dict[str, Any]]) -> None:
    """Write a policy whose inputs go to the outputs that they name, all at one address."""
    names = {each.get("use_output", "default") for each in inputs}
    outputs = {name: {"type": "elasticsearch", "hosts": [url]} for name in sorted(names)}
    path.write_text(yaml.safe_dump({"outputs": outputs, "inputs": list(inputs)}), encoding="utf-8")
