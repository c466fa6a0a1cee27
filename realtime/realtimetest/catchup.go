package realtimetest

import (
	"context"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/security"
	"nightwire/storage"
)

// CatchUp waits until the hub has told all that was written before. It writes a document to that free collection.
func CatchUp(t testing.TB, hub *realtime.Hub, documents *storage.Documents, collection string) {
	t.Helper()
	r := storage.Request{Who: security.Operator()}
	results, err := documents.Insert(context.Background(), r, collection, []storage.Document{"{}"})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-hub.Told(results[0].Change.Group):
	case <-time.After(20 * time.Second):
		t.Fatal("the hub does not catch up")
	}
}
