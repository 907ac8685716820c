"""An Azure Event Hubs emulator: AMQP 1.0 over TCP, TLS and WebSockets, on asyncio.

Promised: what the Event Hubs clients use. Hubs, consumer groups, partitions; sending to a hub, to a partition or by
partition key, single events and batches, up to 1 MiB; reading from any position; epochs and the limits on readers;
properties of hubs and partitions; flow control in both directions, so that a slow client costs no memory here.
A client that sends rubbish ends its own connection with a proper error and nobody else's.

Tokens are checked when an `authorize` function is given, such as `SharedAccessKeys`; a journal tells what clients did.

Not promised: links that end when their token does, throughput units and throttling, geo-replication,
Capture, the Kafka protocol, transactions, durability.

Use it from an event loop:

    async with EventHubsEmulator([Hub("insights")]) as emulator:
        emulator.append("insights", "0", b"{}")
        consumer = EventHubConsumerClient.from_connection_string(emulator.connection_string("insights"), ...)
"""

from collector.emulators.event_hubs.access import Operation, OperationKind, TokenRefusedError
from collector.emulators.event_hubs.emulator import EventHubsEmulator
from collector.emulators.event_hubs.namespace import Hub
from collector.emulators.event_hubs.shared_access_keys import SharedAccessKeys

__all__ = ["EventHubsEmulator", "Hub", "Operation", "OperationKind", "SharedAccessKeys", "TokenRefusedError"]
