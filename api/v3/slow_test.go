package v3_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"nightwire/storage"
)

// endless is the embedded engine with searches that never come to an end.
type endless struct {
	storage.Engine
	storage.Planner
}

func (endless) Find(ctx context.Context, _ string, _ storage.Query) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) {
		<-ctx.Done()
		yield("", ctx.Err())
	}
}

// A search that takes too long is 503 with the reason.
func TestSlowSearch(t *testing.T) {
	w := newWorldOver(t, func(e storage.Engine) storage.Engine { return endless{e, e.(storage.Planner)} },
		storage.Options{SearchTime: 10 * time.Millisecond})
	resp, body := w.call("GET", "/entries?notes$re=x&date$gt=5&sort=sgv", w.jwt, "")
	want := `{"status":503,"message":"The search took longer than 10ms: there is no index for notes, sgv"}`
	if resp.StatusCode != 503 || body != want || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
	}
}
