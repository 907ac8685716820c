package main

import (
	"bytes"
	"context"

	azeventhubs "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// batch holds bodies, or the size of one, and where to send them.
type batch struct {
	Bodies       []string
	Size         int
	PartitionID  *string
	PartitionKey *string
}

func send(ctx context.Context, wanted request) error {
	options := &azeventhubs.ProducerClientOptions{CustomEndpoint: wanted.Endpoint}
	producer, err := azeventhubs.NewProducerClientFromConnectionString(wanted.ConnectionString, wanted.Hub, options)
	if err != nil {
		return err
	}
	for _, each := range wanted.Batches {
		if err := sendBatch(ctx, producer, each); err != nil {
			return err
		}
	}
	say(map[string]any{"sent": len(wanted.Batches)})
	return producer.Close(ctx)
}

func sendBatch(ctx context.Context, producer *azeventhubs.ProducerClient, wanted batch) error {
	options := &azeventhubs.EventDataBatchOptions{PartitionID: wanted.PartitionID, PartitionKey: wanted.PartitionKey}
	filled, err := producer.NewEventDataBatch(ctx, options)
	if err != nil {
		return err
	}
	for _, body := range wanted.bodies() {
		if err := filled.AddEventData(&azeventhubs.EventData{Body: body}, nil); err != nil {
			return err
		}
	}
	return producer.SendEventDataBatch(ctx, filled, nil)
}

func (wanted batch) bodies() [][]byte {
	if wanted.Size > 0 {
		return [][]byte{bytes.Repeat([]byte("x"), wanted.Size)}
	}
	bodies := make([][]byte, 0, len(wanted.Bodies))
	for _, body := range wanted.Bodies {
		bodies = append(bodies, []byte(body))
	}
	return bodies
}
