package storage_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"

	"nightwire/storage"
)

// memory is an engine for testing Documents by itself. Find, Apply and Get keep their promises; there is no journal to
// follow.
type memory struct {
	mu    sync.Mutex
	clock int64
	rows  map[string][]*row
}

type row struct {
	storage.Stored
	id string
}

func newMemory() *memory { return &memory{clock: 1700000000000, rows: map[string][]*row{}} }

func (m *memory) lookup(collection string, key storage.Key) *row {
	for _, r := range m.rows[collection] {
		if key.Identifier != "" && r.Document.Identifier() == key.Identifier && !r.Foreign {
			return r
		}
	}
	for _, r := range m.rows[collection] {
		if key.ID != "" && r.id == key.ID && (r.Foreign || !key.ForeignID) {
			return r
		}
	}
	for _, r := range m.rows[collection] {
		if r.Foreign && len(key.Fallback) > 0 && !slices.ContainsFunc(key.Fallback, func(f storage.Field) bool {
			return !r.Document.Get(f.Name).Equal(f.Value)
		}) {
			return r
		}
	}
	return nil
}

func (m *memory) Apply(_ context.Context, group ...storage.Write) ([]storage.Change, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(group) != 1 {
		return nil, fmt.Errorf("groups of %d are not supported", len(group))
	}
	w := group[0]
	old := m.lookup(w.Collection, w.Key)
	var stored *storage.Stored
	before := storage.Document("")
	if old != nil {
		copied := old.Stored
		stored, before = &copied, old.Document
	}
	now := m.clock + 1
	for range 2 { // engines may decide again
		if _, err := w.Decide(stored, now); err != nil {
			return nil, err
		}
	}
	next, err := w.Decide(stored, now)
	if err != nil {
		return nil, err
	}
	m.clock = now
	after := m.put(w.Collection, old, next)
	change := storage.Change{
		Cursor: storage.Cursor(strconv.FormatInt(now, 10)), Kind: next.Kind, Collection: w.Collection, Named: w.Named,
		Before: before, After: after, Sent: next.Sent, By: w.By, Time: now, Last: true, Answered: w.Answered,
		Identifier: after.Identifier(),
	}
	if after == "" {
		change.Identifier = before.Identifier()
	}
	return []storage.Change{change}, nil
}

func (m *memory) put(collection string, old *row, next storage.Next) storage.Document {
	if next.Document == "" {
		m.rows[collection] = slices.DeleteFunc(m.rows[collection], func(r *row) bool { return r == old })
		return ""
	}
	if old == nil {
		old = &row{id: next.ID}
		m.rows[collection] = append(m.rows[collection], old)
		if next.Document.Identifier() == "" {
			d := next.Document.Edit()
			d.Set("identifier", storage.StringValue(next.ID))
			old.Document, old.Foreign = d.Document(), true
			return old.Document
		}
	}
	old.Revision++
	old.Document, old.Foreign = next.Document, false
	return old.Document
}

func (m *memory) Get(_ context.Context, collection string, key storage.Key) (storage.Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.lookup(collection, key); r != nil {
		return r.Stored, nil
	}
	return storage.Stored{}, storage.ErrNotFound
}

func (m *memory) Find(_ context.Context, collection string, q storage.Query) iter.Seq2[storage.Document, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []storage.Document
	for _, r := range m.rows[collection] {
		if q.Filter.Match(r.Document) {
			found = append(found, r.Document)
		}
	}
	slices.SortStableFunc(found, q.Compare)
	found = found[min(q.Skip, len(found)):]
	if q.Limit > 0 {
		found = found[:min(q.Limit, len(found))]
	}
	return func(yield func(storage.Document, error) bool) {
		for _, doc := range found {
			if !yield(doc, nil) {
				return
			}
		}
	}
}

func (m *memory) Changes(context.Context, storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(func(storage.Change, error) bool) {}
}
func (m *memory) Head(context.Context) (storage.Cursor, error) { return "", nil }
func (m *memory) Ping(context.Context) error                   { return nil }
func (m *memory) Describe() (string, string)                   { return "memory", "1" }
func (m *memory) Close() error                                 { return nil }
