// Asks for the properties of the hub and of each partition.

import { EventHubConsumerClient } from "@azure/event-hubs";
import { connection, request, say } from "./request.mjs";

const client = new EventHubConsumerClient(request.group, ...connection);
const hub = await client.getEventHubProperties();
const partitions = [];
for (const id of hub.partitionIds) {
  const found = await client.getPartitionProperties(id);
  partitions.push({
    id: found.partitionId,
    first: found.beginningSequenceNumber,
    last: found.lastEnqueuedSequenceNumber,
    lastOffset: found.lastEnqueuedOffset,
    lastEnqueued: found.lastEnqueuedOnUtc.getTime(),
    empty: found.isEmpty ?? found.lastEnqueuedSequenceNumber < found.beginningSequenceNumber,
  });
}
await client.close();
say({ name: hub.name, created: hub.createdOn.getTime(), partitions });
