package main

import (
	"context"
	"time"

	azeventhubs "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

type position struct {
	Earliest       *bool
	Latest         *bool
	Offset         *string
	SequenceNumber *int64
	EnqueuedAfter  *int64
	Inclusive      bool
}

func (where position) start() azeventhubs.StartPosition {
	start := azeventhubs.StartPosition{
		Earliest:       where.Earliest,
		Latest:         where.Latest,
		Offset:         where.Offset,
		SequenceNumber: where.SequenceNumber,
		Inclusive:      where.Inclusive,
	}
	if where.EnqueuedAfter != nil {
		moment := time.UnixMilli(*where.EnqueuedAfter).UTC()
		start.EnqueuedTime = &moment
	}
	return start
}

func receive(ctx context.Context, wanted request) error {
	consumer, err := newConsumer(wanted)
	if err != nil {
		return err
	}
	options := &azeventhubs.PartitionClientOptions{StartPosition: wanted.Position.start()}
	partition, err := consumer.NewPartitionClient(wanted.PartitionID, options)
	if err != nil {
		return err
	}
	for left := wanted.Count; left > 0; {
		events, err := partition.ReceiveEvents(ctx, left, nil)
		if err != nil {
			return err
		}
		for _, event := range events {
			say(describe(event))
		}
		left -= len(events)
	}
	if err := partition.Close(ctx); err != nil {
		return err
	}
	return consumer.Close(ctx)
}

func askProperties(ctx context.Context, wanted request) error {
	consumer, err := newConsumer(wanted)
	if err != nil {
		return err
	}
	hub, err := consumer.GetEventHubProperties(ctx, nil)
	if err != nil {
		return err
	}
	partitions := make([]map[string]any, 0, len(hub.PartitionIDs))
	for _, id := range hub.PartitionIDs {
		found, err := consumer.GetPartitionProperties(ctx, id, nil)
		if err != nil {
			return err
		}
		partitions = append(partitions, map[string]any{
			"id":           found.PartitionID,
			"first":        found.BeginningSequenceNumber,
			"last":         found.LastEnqueuedSequenceNumber,
			"lastOffset":   found.LastEnqueuedOffset,
			"lastEnqueued": found.LastEnqueuedOn.UnixMilli(),
			"empty":        found.IsEmpty,
		})
	}
	say(map[string]any{"name": hub.Name, "created": hub.CreatedOn.UnixMilli(), "partitions": partitions})
	return consumer.Close(ctx)
}
