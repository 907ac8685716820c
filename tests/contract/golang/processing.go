package main

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	azeventhubs "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2/checkpoints"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// process shares the hub's partitions with others over Blob storage until the standard input ends.
func process(ctx context.Context, wanted request) error {
	consumer, err := newConsumer(wanted)
	if err != nil {
		return err
	}
	processor, err := newProcessor(consumer, wanted)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	var readers sync.WaitGroup
	go func() {
		for {
			partition := processor.NextPartitionClient(running)
			if partition == nil {
				return
			}
			readers.Add(1)
			go func() {
				defer readers.Done()
				read(running, partition, wanted.CheckpointUpTo)
			}()
		}
	}()
	err = processor.Run(running)
	readers.Wait()
	return errors.Join(err, consumer.Close(ctx))
}

func newProcessor(consumer *azeventhubs.ConsumerClient, wanted request) (*azeventhubs.Processor, error) {
	client, err := container.NewClientFromConnectionString(wanted.Storage, wanted.Container, nil)
	if err != nil {
		return nil, err
	}
	store, err := checkpoints.NewBlobStore(client, nil)
	if err != nil {
		return nil, err
	}
	earliest := true
	return azeventhubs.NewProcessor(consumer, store, &azeventhubs.ProcessorOptions{
		LoadBalancingStrategy:       azeventhubs.ProcessorStrategyGreedy,
		UpdateInterval:              500 * time.Millisecond,
		PartitionExpirationDuration: 5 * time.Second,
		StartPositions:              azeventhubs.StartPositions{Default: azeventhubs.StartPosition{Earliest: &earliest}},
	})
}

// read takes in a partition until another takes it or the end comes.
func read(running context.Context, partition *azeventhubs.ProcessorPartitionClient, checkpointUpTo int64) {
	id := partition.PartitionID()
	say(map[string]any{"what": "claimed", "partition": id})
	defer func() {
		_ = partition.Close(context.Background())
		say(map[string]any{"what": "left", "partition": id})
	}()
	for {
		patience, cancel := context.WithTimeout(running, 500*time.Millisecond)
		events, err := partition.ReceiveEvents(patience, 10, nil)
		cancel()
		for _, event := range events {
			if event.SequenceNumber <= checkpointUpTo {
				if err := partition.UpdateCheckpoint(context.Background(), event, nil); err != nil {
					say(map[string]any{"what": "error", "text": err.Error()})
				}
			}
			described := describe(event)
			described["what"], described["partition"] = "received", id
			say(described)
		}
		if running.Err() != nil || (err != nil && !errors.Is(err, context.DeadlineExceeded)) {
			return
		}
	}
}
