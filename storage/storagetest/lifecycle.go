package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nightwire/storage"
)

// filler is the bulk of a document of which some are more than an engine should read ahead.
func (l Limits) filler() string {
	size := 20_000
	if l.Slow {
		size = 400
	}
	return `"filler":"` + strings.Repeat("x", size) + `"`
}

// testAbandoned: queries that are given up, or whose context ends, hold nothing back.
func (l Limits) testAbandoned(t *testing.T, e storage.Engine) {
	filler := l.filler()
	var group []storage.Write
	for i := range 150 { // more than an engine is likely to read ahead
		group = append(group, put("entries", fmt.Sprintf("%03d", i), filler))
	}
	fill(t, e, group...)
	for range 40 {
		for _, err := range e.Find(t.Context(), "entries", storage.Query{}) {
			if err != nil {
				t.Fatalf("Find: %v", err)
			}
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range e.Find(ctx, "entries", storage.Query{}) {
		cancel()
		last = err
	}
	if last != nil && !errors.Is(last, context.Canceled) {
		t.Errorf("a query whose context ended: %v", last)
	}
	for _, err := range e.Find(ctx, "entries", storage.Query{}) {
		wantError(t, "a query after its context's end", err, context.Canceled)
	}
	if got := find(t, e, "entries", storage.Query{}); len(got) != 150 {
		t.Errorf("%d documents", len(got))
	}
}

// testSlowConsumers: consumers that are slow with what they got stand neither in the way of writers nor of other readers,
// however many they are.
func (l Limits) testSlowConsumers(t *testing.T, e storage.Engine) {
	filler := l.filler()
	var group []storage.Write
	for i := range 150 {
		group = append(group, put("entries", fmt.Sprintf("%03d", i), filler))
	}
	fill(t, e, group...)
	const consumers = 40
	counts := make(chan int, consumers)
	begun, release := make(chan struct{}, consumers), make(chan struct{})
	for range consumers {
		go func() {
			n := 0
			for _, err := range e.Find(t.Context(), "entries", storage.Query{}) {
				if err != nil {
					t.Errorf("Find: %v", err)
					break
				}
				if n++; n == 1 {
					begun <- struct{}{}
					<-release
				}
			}
			counts <- n
		}()
	}
	for range consumers {
		select {
		case <-begun:
		case <-time.After(patience):
			t.Fatal("a query waits for the consumers of others")
		}
	}
	apply(t, e, put("entries", "later", ``))
	if _, err := e.Get(t.Context(), "entries", storage.Key{Identifier: "later"}); err != nil {
		t.Error(err)
	}
	close(release)
	for range consumers {
		if n := <-counts; n != 150 && n != 151 { // whether a query sees what is written meanwhile is up to the engine
			t.Errorf("%d documents", n)
		}
	}
}

// testUnknown: a collection that was never written to is empty.
func testUnknown(t *testing.T, e storage.Engine) {
	if got := find(t, e, "nothing", storage.Query{Sort: []storage.SortKey{{Path: "date"}}}); len(got) != 0 {
		t.Errorf("documents %v", got)
	}
	_, err := e.Get(t.Context(), "nothing", storage.Key{Identifier: "a"})
	wantError(t, "Get", err, storage.ErrNotFound)
	if err := e.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if name, version := e.Describe(); name == "" || version == "" {
		t.Error("the engine has no name or version")
	}
}

// testCollections: collections have any valid name, and know nothing of each other.
func testCollections(t *testing.T, e storage.Engine) {
	names := []string{"entries", "select", "order", "index", "a", "x_1", "auth_subjects", "journal", "meta", "collections", "Entries", "eNtries", "A", "a-b", strings.Repeat("n", 64)}
	for i, name := range names {
		apply(t, e, put(name, "same", fmt.Sprintf(`"v":%d`, i)))
	}
	for i, name := range names {
		got, err := e.Get(t.Context(), name, storage.Key{Identifier: "same"})
		if v, _ := got.Document.Get("v").Int(); err != nil || v != int64(i) {
			t.Errorf("%s holds %v (%v)", name, got, err)
		}
	}
	for _, bad := range []string{"", "-a", "1a", "ä", "_journal", `a"b`, "a b", strings.Repeat("n", 65)} {
		_, err := e.Apply(t.Context(), put(bad, "x", ``))
		wantError(t, fmt.Sprintf("collection %q", bad), err, storage.ErrInvalid)
	}
}

// testClose: Close ends waiting readers, may be called twice, and everything after it says so.
func testClose(t *testing.T, e storage.Engine) {
	start := head(t, e)
	apply(t, e, put("entries", "a", ``))
	ended := make(chan []error, 1)
	waiting := make(chan struct{})
	go func() {
		var errs []error
		for _, err := range e.Changes(context.WithoutCancel(t.Context()), start) {
			if errs = append(errs, err); len(errs) == 1 {
				close(waiting)
			}
		}
		ended <- errs
	}()
	<-waiting
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	select {
	case errs := <-ended:
		if !slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, storage.ErrUnavailable) }) {
			t.Errorf("a waiting reader of changes got %v", errs)
		}
	case <-time.After(patience):
		t.Fatal("a reader of changes outlives the engine")
	}
	if err := e.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	_, err := e.Apply(t.Context(), put("entries", "b", ``))
	wantError(t, "Apply", err, storage.ErrUnavailable)
	_, err = e.Get(t.Context(), "entries", storage.Key{Identifier: "a"})
	wantError(t, "Get", err, storage.ErrUnavailable)
	_, err = e.Head(t.Context())
	wantError(t, "Head", err, storage.ErrUnavailable)
	wantError(t, "Ping", e.Ping(t.Context()), storage.ErrUnavailable)
	for _, err := range e.Find(t.Context(), "entries", storage.Query{}) {
		wantError(t, "Find", err, storage.ErrUnavailable)
	}
	for _, err := range e.Changes(t.Context(), "") {
		wantError(t, "Changes", err, storage.ErrUnavailable)
	}
}
