package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	azeventhubs "github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"golang.org/x/crypto/blake2b"
)

const (
	itemsARequest      = 1600
	bytesARequest      = 5 << 20
	secondsACheckpoint = 5 * time.Second
	stream             = "logs-aoai.logs-default"
)

// shipper turns the events of one partition into bulk requests.
type shipper struct {
	address   string
	prefix    []byte
	partition string
	hub       string
	positions string
	body      bytes.Buffer
	packed    bytes.Buffer
	items     int
	last      int64
	saved     time.Time
}

func newShipper(address, host, hub, partition, folder string) *shipper {
	return &shipper{
		address:   address + "/_bulk?filter_path=errors,items.*.status,items.*.error",
		prefix:    fmt.Appendf(nil, "%s\x00%s\x00%s\x00", host, hub, partition),
		partition: partition,
		hub:       hub,
		positions: filepath.Join(folder, "position-"+partition),
	}
}

// take adds the records of an event to the request that is being filled.
func (shipper *shipper) take(ctx context.Context, event *azeventhubs.ReceivedEventData) error {
	var envelope struct {
		Records []json.RawMessage `json:"records"`
	}
	if err := json.Unmarshal(event.Body, &envelope); err != nil {
		return err
	}
	enqueued := event.EnqueuedTime.UTC().Format("2006-01-02T15:04:05.000Z")
	for index, record := range envelope.Records {
		if err := shipper.add(event, enqueued, index, record); err != nil {
			return err
		}
		if shipper.items >= itemsARequest || shipper.body.Len() >= bytesARequest {
			if err := shipper.flush(ctx); err != nil {
				return err
			}
		}
	}
	shipper.last = event.SequenceNumber
	return nil
}

func (shipper *shipper) add(
	event *azeventhubs.ReceivedEventData, enqueued string, index int, record json.RawMessage,
) error {
	named := append([]byte(nil), shipper.prefix...)
	named = strconv.AppendInt(named, event.SequenceNumber, 10)
	named = append(named, 0)
	named = strconv.AppendInt(named, int64(index), 10)
	named = append(named, 0)
	digest := blake2b.Sum256(append(named, record...))
	id := base64.RawURLEncoding.EncodeToString(digest[:16])
	fmt.Fprintf(&shipper.body, `{"create":{"_index":"%s","_id":"%s"}}`+"\n", stream, id)
	fmt.Fprintf(&shipper.body, `{"@timestamp":"%s","azure":{"eventhub":"%s","consumer_group":"$Default",`+
		`"partition_id":"%s","offset":"%s","sequence_number":%d,"enqueued_time":"%s"},`+
		`"data_stream":{"type":"logs","dataset":"aoai.logs","namespace":"default"},`+
		`"event":{"module":"aoai","dataset":"aoai.logs"},"message":`,
		enqueued, shipper.hub, shipper.partition, event.Offset, event.SequenceNumber, enqueued)
	encoder := json.NewEncoder(&shipper.body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(string(record)); err != nil {
		return err
	}
	shipper.body.Truncate(shipper.body.Len() - 1)
	shipper.body.WriteString("}\n")
	shipper.items++
	return nil
}

// flush sends the request, reads what became of each item, and saves the position now and then.
func (shipper *shipper) flush(ctx context.Context) error {
	if shipper.items == 0 {
		return nil
	}
	reply, err := shipper.send(ctx)
	if err != nil {
		return err
	}
	for _, item := range reply.Items {
		for _, outcome := range item {
			if outcome.Status != http.StatusCreated && outcome.Status != http.StatusConflict {
				return fmt.Errorf("an item was refused: %d %s", outcome.Status, outcome.Error)
			}
		}
	}
	shipper.body.Reset()
	shipper.items = 0
	return shipper.save()
}

type bulkReply struct {
	Errors bool `json:"errors"`
	Items  []map[string]struct {
		Status int             `json:"status"`
		Error  json.RawMessage `json:"error"`
	} `json:"items"`
}

func (shipper *shipper) send(ctx context.Context) (*bulkReply, error) {
	shipper.packed.Reset()
	packer, err := gzip.NewWriterLevel(&shipper.packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := packer.Write(shipper.body.Bytes()); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, shipper.address, &shipper.packed)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Content-Encoding", "gzip")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("bulk request refused: %s", answer.Status)
	}
	var reply bulkReply
	return &reply, json.Unmarshal(text, &reply)
}

func (shipper *shipper) save() error {
	if time.Since(shipper.saved) < secondsACheckpoint {
		return nil
	}
	shipper.saved = time.Now()
	return os.WriteFile(shipper.positions, strconv.AppendInt(nil, shipper.last, 10), 0o600)
}
