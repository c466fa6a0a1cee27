package storage_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"nightwire/storage"
)

// clock is a clock that a test sets.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()) }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Now().UnixMilli())
	return c
}

const day = 24 * time.Hour

// pruningHouse prunes treatments older than a day.
func pruningHouse(t *testing.T) (*house, *clock) {
	t.Helper()
	c := newClock()
	h := newHouse(t, storage.Options{Prune: map[string]time.Duration{"treatments": day}, Now: c.now})
	t.Cleanup(h.Close) // before the engine
	return h, c
}

// put stores a document past the rules, as an import does.
func (h *house) put(collection, identifier, fields string) {
	h.t.Helper()
	_, err := h.engine.Apply(h.t.Context(), storage.Write{Collection: collection, Key: storage.Key{Identifier: identifier},
		Decide: func(stored *storage.Stored, now int64) (storage.Next, error) {
			kind := storage.Create
			if stored != nil {
				kind = storage.Update
			}
			return storage.Next{Kind: kind, Document: storage.Document(fmt.Sprintf(`{"identifier":%q,"srvModified":%d%s}`, identifier, now, fields))}, nil
		}})
	if err != nil {
		h.t.Fatal(err)
	}
}

// write makes a treatment of the present, which gives occasion to prune, and returns what closes its answer.
func (h *house) write(r storage.Request, c *clock, identifier string) (answered func()) {
	h.t.Helper()
	done := make(chan struct{})
	r.Answered = done
	doc := document(h.t, fmt.Sprintf(`{"identifier":%q,"date":%d,"app":"a"}`, identifier, c.ms.Load()))
	if _, err := h.Create(h.t.Context(), r, "treatments", doc); err != nil {
		h.t.Fatal(err)
	}
	return func() { close(done) }
}

func TestPrune(t *testing.T) {
	h, c := pruningHouse(t)
	r := h.as("w", "*")
	recent, old := c.ms.Load()-day.Milliseconds()+60_000, c.ms.Load()-day.Milliseconds()-1
	signs := []string{
		fmt.Sprintf(`,"date":%d,"srvCreated":%d`, old, recent),
		fmt.Sprintf(`,"created_at":%q,"srvCreated":%d`, storage.ISODate(old), recent),
		fmt.Sprintf(`,"date":%d,"srvCreated":%d`, recent, old),
		fmt.Sprintf(`,"date":%d,"isValid":false,"isReadOnly":true`, old),
	}
	want := map[string]bool{}
	for i := range 450 { // more than two batches
		id := fmt.Sprint("old", i)
		h.put("treatments", id, signs[i%len(signs)])
		want[id] = true
	}
	h.put("treatments", "recent", fmt.Sprintf(`,"date":%d,"created_at":%q,"srvCreated":%d`, recent, storage.ISODate(recent), recent))
	h.put("treatments", "dateless", "")
	h.put("entries", "other", signs[0])
	answered := h.write(r, c, "new")
	head := h.head()
	answered()
	for _, change := range h.changes(head, len(want)) {
		if change.Kind != storage.Prune || !want[change.Identifier] || change.After != "" || change.By != "" {
			t.Fatalf("%+v", change)
		}
		delete(want, change.Identifier)
	}
	h.Close() // waits for the pruning
	for collection, n := range map[string]int{"treatments": 3, "entries": 1} {
		found := 0
		for _, err := range h.engine.Find(t.Context(), collection, storage.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			found++
		}
		if found != n {
			t.Errorf("%d %s are left, want %d", found, collection, n)
		}
	}
}

// After a pruning the next one is an hour away.
func TestPruneOncePerHour(t *testing.T) {
	h, c := pruningHouse(t)
	r := h.as("w", "*")
	old := fmt.Sprintf(`,"date":%d`, c.ms.Load()-2*day.Milliseconds())
	h.put("treatments", "a", old)
	head := h.head()
	h.write(r, c, "new")()
	h.changes(head, 2)
	h.put("treatments", "b", old)
	c.ms.Add(time.Hour.Milliseconds() - 1)
	h.write(r, c, "new2")()
	c.ms.Add(1)
	h.put("treatments", "c", old)
	head = h.head()
	h.write(r, c, "new3")()
	if got := h.changes(head, 3); got[1].Identifier != "b" || got[2].Identifier != "c" {
		t.Errorf("%v", got)
	}
}

// rewriting is an engine in which somebody writes between the pruner's look and its removal.
type rewriting struct {
	storage.Engine
	rewrite func()
	removed chan storage.Applied
}

func (e rewriting) ApplyEach(ctx context.Context, writes ...storage.Write) []storage.Applied {
	e.rewrite()
	applied := e.Engine.(storage.Series).ApplyEach(ctx, writes...)
	for _, a := range applied {
		e.removed <- a
	}
	return applied
}

// A document that is no longer old, or no longer there, when its turn comes is left alone.
func TestPruneLooksAgain(t *testing.T) {
	h, c := pruningHouse(t)
	h.Close()
	r := h.as("w", "*")
	old := fmt.Sprintf(`,"date":%d`, c.ms.Load()-2*day.Milliseconds())
	for _, id := range []string{"a", "b", "c"} {
		h.put("treatments", id, old)
	}
	e := rewriting{h.engine, func() { h.put("treatments", "b", fmt.Sprintf(`,"date":%d`, c.ms.Load())) }, make(chan storage.Applied, 9)}
	h.Documents = storage.NewDocuments(e, h.guard, storage.Options{Prune: map[string]time.Duration{"treatments": day}, Now: c.now})
	t.Cleanup(h.Close)
	h.write(r, c, "new")()
	for _, want := range []bool{true, false, true} {
		if a := <-e.removed; (a.Err == nil) != want {
			t.Errorf("%+v", a)
		}
	}
	h.Close()
	if _, err := h.Read(t.Context(), r, "treatments", "b"); err != nil {
		t.Error(err)
	}
}
