"""Puts the model where the sockets and the clocks are, while a schedule runs.

Each name that is replaced is the last before a socket: the SDK's client, the container and the node of the official
Elasticsearch client.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import Any
from unittest.mock import patch

from azure.eventhub.aio._eventprocessor import event_processor
from plugins.world.container import Container
from plugins.world.hub import HubClient
from plugins.world.network import ModelNode
from plugins.world.virtual_time import EPOCH, PROCESS, VirtualLoop, running_process

from collector.agent import pipeline
from collector.inputs.azure import storage
from collector.inputs.event_hub import connection
from collector.output.elasticsearch.connection import client_settings


class _OrderedSet(set[str]):
    """A set whose order does not hang on the interpreter's hash seed: the SDK starts its links in a set's order."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))

    def __sub__(self, other: Any) -> "_OrderedSet":
        return _OrderedSet(super().__sub__(other))


@contextmanager
def modelled_services() -> Iterator[None]:
    """Let collectors find the world of their process in place of Azure and Elasticsearch."""
    with ExitStack() as stack:
        replace = partial(_replace, stack)
        replace(connection, "HubClient", HubClient)
        replace(storage, "open_container", lambda *_: Container(running_process().world.storage))
        replace(pipeline, "client_settings", lambda policy: client_settings(policy) | {"node_class": ModelNode})
        stack.enter_context(patch.object(event_processor, "set", _OrderedSet, create=True))
        yield


@contextmanager
def modelled_clocks(loop: VirtualLoop) -> Iterator[None]:
    """Let wall clock and monotonic clock follow the loop's, the former as wrong as the process has it."""

    def wall_clock() -> float:
        process = PROCESS.get()
        return EPOCH + loop.time() + (process.skew if process is not None else 0.0)

    constructors = _constructors_with_clocks()
    clocks: dict[Any, Callable[[], float]] = {time.time: wall_clock, time.monotonic: loop.time}
    with ExitStack() as stack:
        for constructor in constructors:
            bound = tuple(clocks.get(each, each) if callable(each) else each for each in constructor.__defaults__)
            _replace(stack, constructor, "__defaults__", bound)
        _replace(stack, time, "time", wall_clock)
        _replace(stack, time, "monotonic", loop.time)
        yield


def _replace(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    stack.enter_context(patch.object(owner, name, value))


@cache
def _constructors_with_clocks() -> tuple[Any, ...]:
    """Return the collector's constructors that hold a clock as the default of a parameter."""
    clocks = (time.time, time.monotonic)
    modules = [module for name, module in sys.modules.items() if name.startswith("collector.")]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    constructors = (vars(kind).get("__init__") for kind in kinds)
    return tuple(
        each for each in constructors if any(default in clocks for default in getattr(each, "__defaults__", None) or ())
    )
