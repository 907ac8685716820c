// Shares the hub's partitions with others over Blob storage until the standard input ends.
// A checkpoint is written for each event up to the sequence number `checkpointUpTo`.

import { EventHubConsumerClient, earliestEventPosition } from "@azure/event-hubs";
import { BlobCheckpointStore } from "@azure/eventhubs-checkpointstore-blob";
import { ContainerClient } from "@azure/storage-blob";
import { connection, describe, request, say } from "./request.mjs";

const [text, hub, options] = connection;
const store = new BlobCheckpointStore(new ContainerClient(request.storage, request.container));
const client = new EventHubConsumerClient(request.group, text, hub, store, {
  ...options,
  loadBalancingOptions: { strategy: "greedy", updateIntervalInMs: 500, partitionOwnershipExpirationIntervalInMs: 5000 },
});

const subscription = client.subscribe(
  {
    async processInitialize({ partitionId }) {
      say({ what: "claimed", partition: partitionId });
    },
    async processEvents(events, context) {
      for (const event of events) {
        if (event.sequenceNumber <= request.checkpointUpTo) await context.updateCheckpoint(event);
        say({ what: "received", partition: context.partitionId, ...describe(event) });
      }
    },
    async processError(error, context) {
      if (context.partitionId && error.name !== "AbortError") say({ what: "error", text: String(error) });
    },
    async processClose(_reason, { partitionId }) {
      say({ what: "left", partition: partitionId });
    },
  },
  { startPosition: earliestEventPosition, maxBatchSize: 10, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
);

process.stdin.resume();
await new Promise((resolve) => process.stdin.on("end", resolve));
await subscription.close();
await client.close();
