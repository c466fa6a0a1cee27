package storage_test

import (
	"errors"
	"fmt"
	"testing"

	"nightwire/storage"
)

func notes(t *testing.T, n int) []storage.Document {
	docs := make([]storage.Document, n)
	for i := range docs {
		docs[i] = document(t, fmt.Sprintf(`{"identifier":"n%d","date":1680000000000,"app":"a"}`, i%(n-1)))
	}
	return docs
}

// changes reads the next n changes.
func (h *house) changes(after storage.Cursor, n int) []storage.Change {
	h.t.Helper()
	var all []storage.Change
	for c, err := range h.engine.Changes(h.t.Context(), after) {
		if err != nil {
			h.t.Fatal(err)
		}
		if all = append(all, c); len(all) == n {
			break
		}
	}
	return all
}

func (h *house) head() storage.Cursor {
	h.t.Helper()
	head, err := h.engine.Head(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return head
}

// CreateAll makes one group of changes, in order, in which later documents see earlier ones.
func TestCreateAllIsOneGroup(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	before := h.head()
	answered := make(chan struct{})
	r.Answered = answered
	results, err := h.CreateAll(t.Context(), r, "treatments", notes(t, storage.MaxBulk))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range h.changes(before, storage.MaxBulk) {
		first, last := i == 0, i == storage.MaxBulk-1
		if c.Group == "" || c.Group != results[0].Change.Group || c.Last != last || c.Answered != answered || c.By != "w" {
			t.Fatalf("change %d: %+v", i, c)
		}
		if c.Identifier != results[i].Identifier || results[i].Created == last || !first && c.Time <= results[i-1].LastModified {
			t.Fatalf("result %d: %+v", i, results[i])
		}
	}
}

func TestCreateAllStoresAllOrNone(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	docs := notes(t, 5)
	docs[3] = document(t, `{"identifier":"n3"}`)
	before := h.head()
	_, err := h.CreateAll(t.Context(), r, "treatments", docs)
	var refused *storage.Refused
	if !errors.As(err, &refused) || refused.Index != 3 || !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	if h.head() != before {
		t.Error("something was written")
	}
}

// CreateEach makes a group of each document, in order.
func TestCreateEachIsManyGroups(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	docs := notes(t, 100)
	docs[50] = document(t, `{"identifier":"n50"}`)
	before := h.head()
	outcomes, err := h.CreateEach(t.Context(), r, "treatments", docs)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(outcomes[50].Err, storage.ErrInvalid) {
		t.Errorf("the bad one: %+v", outcomes[50])
	}
	stored := append(outcomes[:50:50], outcomes[51:]...)
	groups := map[string]bool{}
	for i, c := range h.changes(before, len(stored)) {
		groups[c.Group] = true
		if !c.Last || c.Identifier != stored[i].Identifier {
			t.Fatalf("change %d: %+v, answered %+v", i, c, stored[i])
		}
	}
	if len(groups) != len(stored) {
		t.Errorf("%d groups", len(groups))
	}
	if err := h.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.CreateEach(t.Context(), r, "treatments", docs); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("without an engine: %v", err)
	}
}
