// The Go client of Event Hubs for the contract tests.
//
// The first argument says what to do, the second what with, as JSON; answers go out as JSON, one a line. It does what
// the scripts in ../javascript do.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	azeventhubs "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

type request struct {
	ConnectionString string
	Hub              string
	Endpoint         string
	Group            string
	Batches          []batch
	PartitionID      string
	Position         position
	Count            int
	Storage          string
	Container        string
	CheckpointUpTo   int64
}

var actions = map[string]func(context.Context, request) error{
	"send":       send,
	"receive":    receive,
	"properties": askProperties,
	"process":    process,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var wanted request
	if err := json.Unmarshal([]byte(os.Args[2]), &wanted); err != nil {
		return err
	}
	return actions[os.Args[1]](context.Background(), wanted)
}

// newConsumer gives the port by the custom endpoint, so that the namespace has no port in it, as in Azure.
func newConsumer(wanted request) (*azeventhubs.ConsumerClient, error) {
	options := &azeventhubs.ConsumerClientOptions{CustomEndpoint: wanted.Endpoint}
	return azeventhubs.NewConsumerClientFromConnectionString(
		wanted.ConnectionString, wanted.Hub, wanted.Group, options)
}

var saying sync.Mutex

func say(answer map[string]any) {
	saying.Lock()
	defer saying.Unlock()
	line, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func describe(event *azeventhubs.ReceivedEventData) map[string]any {
	described := map[string]any{
		"sequenceNumber": event.SequenceNumber,
		"offset":         event.Offset,
		"enqueued":       event.EnqueuedTime.UnixMilli(),
		"partitionKey":   event.PartitionKey,
		"size":           len(event.Body),
		"body":           nil,
	}
	if len(event.Body) < 1000 {
		described["body"] = string(event.Body)
	}
	return described
}
