package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"nightwire/storage"
)

func TestFullDisk(t *testing.T) {
	var logged bytes.Buffer
	e := open(t, Options{Dir: t.TempDir(), MaxPages: 150, Log: slog.New(slog.NewTextHandler(&logged, nil))})
	stored := 0
	var err error
	for ; err == nil && stored < 1000; stored++ {
		_, err = e.Apply(t.Context(), note(fmt.Sprint(stored), strings.Repeat("x", 2000)))
	}
	stored--
	if !errors.Is(err, storage.ErrUnavailable) || stored < 20 {
		t.Fatalf("after %d documents: %v", stored, err)
	}
	if _, err := e.Apply(t.Context(), note("more", strings.Repeat("x", 9000))); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("the next write: %v", err)
	}
	for i := range stored {
		if _, err := e.Get(t.Context(), "notes", storage.Key{Identifier: fmt.Sprint(i)}); err != nil {
			t.Errorf("document %d: %v", i, err)
		}
	}
	if _, err := e.Get(t.Context(), "notes", storage.Key{Identifier: fmt.Sprint(stored)}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the refused document: %v", err)
	}
	if head, err := e.Head(t.Context()); err != nil || head != e.cursorAt(int64(stored)) {
		t.Errorf("head %s after %d writes (%v)", head, stored, err)
	}
	e.LimitPages(0)
	apply(t, e, note("more", strings.Repeat("x", 2000)))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if text := logged.String(); strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "no room") || strings.Count(text, "writes work again") != 1 {
		t.Errorf("the log says %s", text)
	}
}

// TestTimesUnderLoad: while the clock leads by more than a second, the documents of one transaction share a time; it
// never goes back, and returns to one time each.
func TestTimesUnderLoad(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	e := open(t, Options{Dir: t.TempDir(), Now: func() time.Time { return now }})
	times := func(n int) (first, last int64, distinct int) {
		var group []storage.Write
		for i := range n {
			group = append(group, note(fmt.Sprint(i), "x"))
		}
		changes := apply(t, e, group...)
		seen := map[int64]bool{}
		for i, c := range changes {
			if seen[c.Time] = true; i > 0 && c.Time < changes[i-1].Time {
				t.Fatalf("time went back from %d to %d", changes[i-1].Time, c.Time)
			}
		}
		return changes[0].Time - 1_700_000_000_000, changes[n-1].Time - 1_700_000_000_000, len(seen)
	}
	for _, c := range []struct {
		what        string
		clock       int64 // where the wall clock stands
		writes      int
		first, last int64
		distinct    int
	}{
		{"each has its own", 0, 100, 0, 99, 100},
		{"the clock stands still", 0, 100, 100, 199, 100},
		{"until it leads by a second", 0, 1500, 200, 1000, 801},
		{"then a transaction shares one", 0, 100, 1001, 1001, 1},
		{"and the next has another", 0, 100, 1002, 1002, 1},
		{"the clock goes back", -5000, 10, 1003, 1003, 1},
		{"time catches up a little", 100, 200, 1004, 1100, 97},
		{"time has caught up", 9000, 10, 9000, 9009, 10},
	} {
		now = time.UnixMilli(1_700_000_000_000 + c.clock)
		if first, last, distinct := times(c.writes); first != c.first || last != c.last || distinct != c.distinct {
			t.Errorf("%s: from %d to %d, %d values; want %d to %d, %d", c.what, first, last, distinct, c.first, c.last, c.distinct)
		}
	}
}

// TestCollect: what waits goes into one transaction, up to its bound, without what was withdrawn.
func TestCollect(t *testing.T) {
	w := &writer{queue: make(chan *request, queueLength)}
	add := func(writes int) *request {
		r := &request{writes: make([]storage.Write, writes)}
		w.queue <- r
		return r
	}
	for range 100 {
		add(1)
	}
	gone := add(1)
	gone.state.Store(withdrawn)
	for range 200 {
		add(1)
	}
	add(1000)
	add(1)
	for i, want := range []int{256, 45, 1} {
		batch := w.collect(<-w.queue)
		if slices.Contains(batch, gone) {
			t.Error("a withdrawn request is performed")
		}
		if len(batch) != want {
			t.Errorf("transaction %d has %d requests, want %d", i, len(batch), want)
		}
	}
}
