// The Go yardstick: reads a hub on Microsoft's SDK and does what the collector does with it, as a competent program
// would: splits envelopes, gives each record an id of its position and bytes, writes bulk requests of 1,600 items,
// compressed, reads the outcome of each item, and keeps a position for each partition. It applies no content policy,
// counts nothing and does not try again, which the collector does.
//
// Arguments: connection string, hub, Elasticsearch's address, folder for positions.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	azeventhubs "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

const (
	eventsAtOnce = 300
	patience     = 100 * time.Millisecond
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, connection, hub, elasticsearch, folder string) error {
	consumer, err := azeventhubs.NewConsumerClientFromConnectionString(
		connection, hub, azeventhubs.DefaultConsumerGroup, &azeventhubs.ConsumerClientOptions{CustomEndpoint: endpointOf(connection)})
	if err != nil {
		return err
	}
	properties, err := consumer.GetEventHubProperties(ctx, nil)
	if err != nil {
		return err
	}
	var readers sync.WaitGroup
	failures := make(chan error, len(properties.PartitionIDs))
	for _, partition := range properties.PartitionIDs {
		shipper := newShipper(elasticsearch, hostOf(connection), hub, partition, folder)
		readers.Add(1)
		go func() {
			defer readers.Done()
			failures <- read(ctx, consumer, partition, shipper)
		}()
	}
	err = <-failures
	readers.Wait()
	return err
}

// read takes events as they come, and sends what is half full when none came for a moment.
func read(ctx context.Context, consumer *azeventhubs.ConsumerClient, partition string, shipper *shipper) error {
	earliest := true
	client, err := consumer.NewPartitionClient(partition, &azeventhubs.PartitionClientOptions{
		StartPosition: azeventhubs.StartPosition{Earliest: &earliest}, Prefetch: eventsAtOnce})
	if err != nil {
		return err
	}
	for {
		waiting, cancel := context.WithTimeout(ctx, patience)
		events, err := client.ReceiveEvents(waiting, eventsAtOnce, nil)
		cancel()
		if err != nil && waiting.Err() == nil {
			return err
		}
		for _, event := range events {
			if err := shipper.take(ctx, event); err != nil {
				return err
			}
		}
		if len(events) < eventsAtOnce {
			if err := shipper.flush(ctx); err != nil {
				return err
			}
		}
	}
}

func endpointOf(connection string) string {
	for _, part := range strings.Split(connection, ";") {
		if address, found := strings.CutPrefix(part, "Endpoint="); found {
			parsed, err := url.Parse(address)
			if err == nil {
				return parsed.Host
			}
		}
	}
	return ""
}

func hostOf(connection string) string {
	host, _, _ := strings.Cut(endpointOf(connection), ":")
	return strings.ToLower(host)
}
