// Receives `count` events of a partition from a `position`.

import { EventHubConsumerClient, earliestEventPosition, latestEventPosition } from "@azure/event-hubs";
import { connection, describe, request, say } from "./request.mjs";

const { earliest, latest, enqueuedAfter, ...named } = request.position;
const startPosition = earliest
  ? earliestEventPosition
  : latest
    ? latestEventPosition
    : enqueuedAfter !== undefined
      ? { enqueuedOn: enqueuedAfter }
      : { offset: named.offset, sequenceNumber: named.sequenceNumber, isInclusive: named.inclusive };

const client = new EventHubConsumerClient(request.group, ...connection);
let left = request.count;
await new Promise((resolve, reject) => {
  client.subscribe(
    request.partitionId,
    {
      async processEvents(events) {
        for (const event of events) {
          say(describe(event));
          if (--left === 0) resolve();
        }
      },
      async processError(error) {
        reject(error);
      },
    },
    { startPosition, maxBatchSize: request.count, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
  );
});
await client.close();
