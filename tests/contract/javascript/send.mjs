// Sends each of `batches`: its `bodies`, or one body of `size` bytes, to a `partitionId` or by a `partitionKey`.

import { EventHubProducerClient } from "@azure/event-hubs";
import { connection, request, say } from "./request.mjs";

const producer = new EventHubProducerClient(...connection);
for (const { bodies, size, partitionId, partitionKey } of request.batches) {
  const batch = await producer.createBatch({ partitionId, partitionKey });
  for (const body of bodies ?? ["x".repeat(size)]) {
    if (!batch.tryAdd({ body: Buffer.from(body) })) throw new Error("the batch is full");
  }
  await producer.sendBatch(batch);
}
await producer.close();
say({ sent: request.batches.length });
