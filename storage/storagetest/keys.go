package storagetest

import (
	"errors"
	"testing"

	"nightwire/storage"
)

// testKeys: the parts of a key are tried in order.
func testKeys(t *testing.T, e storage.Engine) {
	withID := put("entries", "own", `"date":1000,"type":"sgv"`)
	decide := withID.Decide
	withID.Decide = func(s *storage.Stored, now int64) (storage.Next, error) {
		next, err := decide(s, now)
		next.ID = "id-of-own"
		return next, err
	}
	fill(t, e, withID, putForeign("entries", "f1", `"date":1000,"type":"sgv"`), putForeign("entries", "f2", `"date":2000,"type":"cal"`),
		putForeign("entries", "f3", `"date":[2000,1],"type":"cal"`), putForeign("entries", "f4", `"note":"é"`))
	fallback := func(date, typ storage.Value) []storage.Field {
		return []storage.Field{{Name: "date", Value: date}, {Name: "type", Value: typ}}
	}
	for _, c := range []struct {
		what string
		key  storage.Key
		want string // identifier, "" for none
	}{
		{"nothing", storage.Key{}, ""},
		{"identifier", storage.Key{Identifier: "own"}, "own"},
		{"identifier of a foreign document", storage.Key{Identifier: "f1"}, "f1"},
		{"_id is no identifier", storage.Key{Identifier: "id-of-own"}, ""},
		{"_id", storage.Key{ID: "id-of-own"}, "own"},
		{"_id of a foreign document", storage.Key{ID: "f2"}, "f2"},
		{"foreign _id only", storage.Key{ID: "id-of-own", ForeignID: true}, ""},
		{"foreign _id", storage.Key{ID: "f2", ForeignID: true}, "f2"},
		{"identifier first", storage.Key{Identifier: "own", ID: "f2"}, "own"},
		{"then _id", storage.Key{Identifier: "none", ID: "f2"}, "f2"},
		{"then fallback", storage.Key{Identifier: "none", ID: "none", Fallback: fallback("2000", `"cal"`)}, "f2"},
		{"fallback is never an own document", storage.Key{Fallback: fallback("1000", `"sgv"`)}, "f1"},
		{"fallback in all fields", storage.Key{Fallback: fallback("1000", `"cal"`)}, ""},
		{"fallback by value", storage.Key{Fallback: fallback("1e3", `"sgv"`)}, "f1"},
		{"fallback into an array", storage.Key{Fallback: fallback("1", `"cal"`)}, "f3"},
		{"fallback by another field", storage.Key{Fallback: []storage.Field{{Name: "note", Value: `"é"`}}}, "f4"},
	} {
		got, err := e.Get(t.Context(), "entries", c.key)
		if c.want == "" {
			if !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s: %v, %v", c.what, got, err)
			}
			continue
		}
		if err != nil || got.Document.Identifier() != c.want || got.Foreign != (c.want != "own") || got.Revision != 1 {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}

// testForeignBecomesOwn: a document without an identifier of its own stays so until a write gives it one; its _id goes on
// finding it.
func testForeignBecomesOwn(t *testing.T, e storage.Engine) {
	apply(t, e, putForeign("food", "f1", `"created_at":"x"`))
	again := putForeign("food", "", `"created_at":"x"`)
	again.Key = storage.Key{ID: "f1", ForeignID: true}
	apply(t, e, again)
	got, err := e.Get(t.Context(), "food", storage.Key{ID: "f1", ForeignID: true})
	if err != nil || !got.Foreign || got.Revision != 2 || got.Document.Identifier() != "f1" {
		t.Errorf("%+v, %v", got, err)
	}
	own := put("food", "own", `"created_at":"x"`)
	own.Key = storage.Key{ID: "f1", ForeignID: true}
	if c := apply(t, e, own)[0]; c.Kind != storage.Update || c.Identifier != "own" || c.Before.Identifier() != "f1" {
		t.Errorf("change %+v", c)
	}
	if got, err := e.Get(t.Context(), "food", storage.Key{ID: "f1"}); err != nil || got.Foreign || got.Document.Identifier() != "own" || got.Revision != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, key := range []storage.Key{{Identifier: "f1"}, {ID: "f1", ForeignID: true}, {Fallback: []storage.Field{{Name: "created_at", Value: `"x"`}}}} {
		_, err := e.Get(t.Context(), "food", key)
		wantError(t, "the old ways to a document that has its own identifier now", err, storage.ErrNotFound)
	}
}

// testTaken: no two documents share an identifier or an _id.
func testTaken(t *testing.T, e storage.Engine) {
	fill(t, e, put("notes", "a", ``), put("notes", "b", ``), putForeign("notes", "f", ``))
	rename := put("notes", "a", `"renamed":true`)
	rename.Key = storage.Key{Identifier: "b"}
	_, err := e.Apply(t.Context(), rename)
	wantError(t, "a second document with an identifier", err, storage.ErrTaken)
	_, err = e.Apply(t.Context(), putForeign("notes", "f", ``))
	wantError(t, "a second document with an _id", err, storage.ErrTaken)
	if got := find(t, e, "notes", storage.Query{}); len(got) != 3 {
		t.Errorf("documents %v", got)
	}
}

// testTombstones: a soft deletion keeps the document; a permanent one does not, and its identifier can be used again.
func testTombstones(t *testing.T, e storage.Engine) {
	fill(t, e, put("notes", "a", `"v":1`), put("notes", "b", `"v":1`))
	soft := put("notes", "a", `"isValid":false`)
	decide := soft.Decide
	soft.Decide = func(s *storage.Stored, now int64) (storage.Next, error) {
		next, err := decide(s, now)
		next.Kind = storage.Delete
		return next, err
	}
	if c := apply(t, e, soft)[0]; c.Kind != storage.Delete || c.After.Get("isValid") != "false" || c.Before.Get("v") != "1" {
		t.Errorf("change %+v", c)
	}
	if got, err := e.Get(t.Context(), "notes", storage.Key{Identifier: "a"}); err != nil || got.Revision != 2 {
		t.Errorf("the tombstone: %+v, %v", got, err)
	}
	if c := apply(t, e, put("notes", "a", `"v":2`))[0]; c.Revision != 3 || c.Kind != storage.Update {
		t.Errorf("revived: %+v", c)
	}
	if c := apply(t, e, remove("notes", "b", storage.Prune))[0]; c.Kind != storage.Prune || c.After != "" {
		t.Errorf("pruned: %+v", c)
	}
	_, err := e.Apply(t.Context(), remove("notes", "b", storage.Delete))
	wantError(t, "removing twice", err, storage.ErrNotFound)
	if c := apply(t, e, put("notes", "b", `"v":2`))[0]; c.Revision != 1 || c.Kind != storage.Create {
		t.Errorf("created again: %+v", c)
	}
}
