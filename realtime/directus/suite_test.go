package directus

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/realtime/realtimetest"
	"nightwire/storage"
)

// What every protocol guarantees to listeners holds in each dialect.
func TestGuarantees(t *testing.T) {
	dialects := map[Dialect]func(*realtimetest.Client){
		Legacy: func(c *realtimetest.Client) {
			c.Say(`{"type":"subscribe","collection":"todo"}`)
			settle(c)
		},
		V3: func(c *realtimetest.Client) {
			c.Say(`{"type":"subscribe","collection":"todo","uid":"a","query":{"fields":["id","text"]}}`)
			settle(c)
		},
		Core: func(c *realtimetest.Client) {
			c.Say(`{"type":"subscribe","collection":"todo","uid":"a","query":{"limit":-1}}`)
			c.Await(func(message []byte) bool { return strings.Contains(string(message), `"init"`) })
		},
	}
	for dialect, subscribe := range dialects {
		t.Run(string(dialect), func(t *testing.T) {
			realtimetest.Run(t, realtimetest.Protocol{
				Open: func(t *testing.T, wrap func(realtime.Journal) realtime.Journal) *realtimetest.House {
					return suiteHouse(t, dialect, wrap)
				},
				Subscribe: subscribe,
				Keys:      toldKeys,
			})
		})
	}
}

// settle waits for the answer of a request that is not known.
func settle(c *realtimetest.Client) {
	c.Say(`{"type":"settled?"}`)
	c.Await(func(message []byte) bool { return strings.Contains(string(message), `"ERROR"`) })
}

// toldKeys are the keys of what was created, or of a snapshot.
func toldKeys(message []byte) (keys []string) {
	var told struct {
		Key  json.Number
		Data json.RawMessage
	}
	if json.Unmarshal(message, &told) != nil {
		return nil
	}
	if told.Key != "" {
		return []string{told.Key.String()}
	}
	var rows []struct{ ID json.Number }
	if json.Unmarshal(told.Data, &rows) != nil {
		return nil
	}
	for _, row := range rows {
		keys = append(keys, row.ID.String())
	}
	return keys
}

func suiteHouse(t *testing.T, dialect Dialect, wrap func(realtime.Journal) realtime.Journal) *realtimetest.House {
	h := &house{t: t}
	h.open(t)
	log := slog.New(slog.DiscardHandler)
	h.documents = storage.NewDocuments(h.engine, h.guard, storage.Options{Collections: collections(), Zone: time.UTC, Log: log})
	hub, err := realtime.Open(t.Context(), wrap(h.engine), h.guard, h.documents.Collections(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(ctx) })
	h.server = New(Options{Hub: hub, Documents: h.documents, Guard: h.guard, Log: log, Dialect: dialect, AuthTimeout: time.Second})
	h.web = httptest.NewServer(h.server.Handler())
	stop := func() {
		closing, done := context.WithTimeout(context.Background(), patience)
		defer done()
		if err := h.server.Close(closing); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(func() {
		stop()
		cancel()
		running.Wait()
		h.web.Close()
		h.documents.Close()
		if err := h.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return &realtimetest.House{
		URL:         func(token string) string { return h.url("?api_token=" + token) },
		Guard:       h.guard,
		Documents:   h.documents,
		Connections: h.server.Connections,
		Stop:        stop,
	}
}
