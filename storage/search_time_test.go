package storage_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// scanning is an engine that finds a document a second, five in all.
type scanning struct{ storage.Engine }

func (scanning) Find(ctx context.Context, _ string, _ storage.Query) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) {
		for range 5 {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				yield("", ctx.Err())
				return
			}
			if !yield(`{"identifier":"a"}`, nil) {
				return
			}
		}
	}
}

func (scanning) Unindexed(_ context.Context, _ string, q storage.Query) ([]string, error) {
	if len(q.Filter.All) == 0 {
		return nil, nil
	}
	return []string{q.Filter.All[0].Path, "sgv"}, nil
}

// search counts what a search finds in an engine that needs five seconds, taking its own time for each document.
func search(t *testing.T, ctx context.Context, limit, each time.Duration, f storage.Filter) (found int, err error) {
	t.Helper()
	d := storage.NewDocuments(scanning{}, open{}, storage.Options{SearchTime: limit})
	for _, err := range d.Search(ctx, storage.Request{}, "entries", storage.Query{Filter: f}) {
		if err != nil {
			return found, err
		}
		found++
		time.Sleep(each)
	}
	return found, nil
}

// open is a Guard that permits everything.
type open struct{}

func (open) Check(context.Context, security.Identity, security.Permission) error { return nil }

func TestSearchTime(t *testing.T) {
	notes := storage.Filter{All: []storage.Filter{{Op: storage.Ne, Path: "notes"}}}
	for _, c := range []struct {
		name        string
		limit, each time.Duration
		filter      storage.Filter
		found       int
		message     string
	}{
		{"no limit", 0, 0, notes, 5, ""},
		{"in time", 5*time.Second + 1, 0, notes, 5, ""},
		{"too slow", 3500 * time.Millisecond, 0, notes, 3, "The search took longer than 3.5s: there is no index for notes, sgv"},
		{"too slow for other reasons", 500 * time.Millisecond, 0, storage.Filter{}, 0, "The search took longer than 500ms"},
		{"the caller is slow", 5*time.Second + 1, time.Hour, notes, 5, ""},
		{"both are slow", 3500 * time.Millisecond, time.Hour, notes, 3, "The search took longer than 3.5s: there is no index for notes, sgv"},
	} {
		synctest.Test(t, func(t *testing.T) {
			found, err := search(t, t.Context(), c.limit, c.each, c.filter)
			var shown *storage.Error
			if found != c.found || (err == nil) != (c.message == "") || err != nil && (!errors.As(err, &shown) || shown.Message != c.message) {
				t.Errorf("%s: %d found, %v", c.name, found, err)
			}
			if err != nil && (!errors.Is(err, storage.ErrSlow) || !errors.Is(err, storage.ErrUnavailable)) {
				t.Errorf("%s: %v is of another kind", c.name, err)
			}
		})
	}
}

// A caller that goes away is no slow search.
func TestSearchGivenUpByItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		found, err := search(t, ctx, 3*time.Second, 0, storage.Filter{})
		if found != 1 || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, storage.ErrSlow) {
			t.Errorf("%d, %v", found, err)
		}
	})
}
