// What the test asks for, as JSON in the first argument; answers go out as JSON, one a line.

export const request = JSON.parse(process.argv[2]);

// The port goes by the custom endpoint, so that the namespace has no port in it, as in Azure.
export const connection = [
  request.connectionString,
  request.hub,
  { customEndpointAddress: `sb://${request.endpoint}`, retryOptions: { maxRetries: 1 } },
];

export function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

export function describe(event) {
  const body = Buffer.from(event.body);
  return {
    sequenceNumber: event.sequenceNumber,
    offset: event.offset,
    enqueued: event.enqueuedTimeUtc.getTime(),
    partitionKey: event.partitionKey ?? null,
    size: body.length,
    body: body.length < 1000 ? body.toString() : null,
  };
}
