"""The addresses of links.

    $cbs, $management                                   nodes that answer requests
    HUB, HUB/Partitions/N                               where producers send
    HUB/ConsumerGroups/GROUP/Partitions/N               what readers read

A client may put `amqps://HOST:PORT/` in front. The fixed words are compared without regard to case, as by the service.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

CBS = "$cbs"
MANAGEMENT = "$management"
_NODES = (CBS, MANAGEMENT)


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """`$cbs` or `$management`."""

    node: str


@dataclass(frozen=True, slots=True)
class ProducerAddress:
    """A hub, or one partition of it."""

    hub: str
    partition: str | None


@dataclass(frozen=True, slots=True)
class ReaderAddress:
    """A partition of a hub as a consumer group sees it."""

    hub: str
    consumer_group: str
    partition: str


type Address = NodeAddress | ProducerAddress | ReaderAddress


def parse_address(address: object) -> Address | None:
    """Return what an address means, or None when it means nothing here."""
    if not isinstance(address, str):
        return None
    path = urlsplit(address).path if "://" in address else address
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    if segments[-1].lower() in _NODES:
        return NodeAddress(segments[-1].lower())
    match segments:
        case [hub] if hub:
            return ProducerAddress(hub, None)
        case [hub, partitions, partition] if partitions.lower() == "partitions":
            return ProducerAddress(hub, partition)
        case [hub, groups, group, partitions, partition] if (groups.lower(), partitions.lower()) == (
            "consumergroups",
            "partitions",
        ):
            return ReaderAddress(hub, group, partition)
        case _:
            return None
