package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

func TestPatchAllAndDeleteAll(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	h.insert(r, "test", `{"n":1}`, `{"n":2}`, `{"n":3}`, `{"n":4}`)
	if _, err := h.Delete(ctx, r, "test", "2", false); err != nil {
		t.Fatal(err)
	}
	before := h.head()
	results, err := h.PatchAll(ctx, r, "test", []string{"4", "nine", "2", "1", "4", "3"}, `{"n":0}`)
	if err != nil {
		t.Fatal(err)
	}
	wantIdentifiers(t, results, "4", "1", "3")
	for i, c := range h.changes(before, 3) {
		if c.Kind != storage.Update || c.Group != results[0].Change.Group || c.Last != (i == 2) || c.After.Get("n") != "0" {
			t.Errorf("change %d is %+v", i, c)
		}
	}
	if results, err := h.PatchAll(ctx, r, "test", []string{"1"}, `{}`); err != nil || len(results) != 0 {
		t.Errorf("an empty patch did %v, %v", results, err)
	}
	results, err = h.DeleteAll(ctx, r, "test", []string{"2", "3", "x", "1", "1"})
	if err != nil {
		t.Fatal(err)
	}
	wantIdentifiers(t, results, "3", "1")
	if c := results[0].Change; c.Kind != storage.Delete || c.After.Get("isValid") != "false" || c.Group != results[1].Change.Group {
		t.Errorf("deleted with %+v", c)
	}
	if left := h.all(r, "test"); len(left) != 1 || left[0] != "4" {
		t.Errorf("left are %v", left)
	}
}

// One refusal keeps the whole group back.
func TestManyAreAllOrNone(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	h.insert(r, "test", `{"n":1}`, `{"n":2,"isReadOnly":true}`)
	before := h.head()
	_, err := h.PatchAll(ctx, r, "test", []string{"1", "2"}, `{"n":0}`)
	refuses(t, err, storage.ErrReadOnly, "")
	_, err = h.DeleteAll(ctx, r, "test", []string{"1", "2"})
	refuses(t, err, storage.ErrReadOnly, "")
	if h.head() != before {
		t.Error("something was written")
	}
}

func TestManyAreJudged(t *testing.T) {
	h := newHouse(t, free())
	ctx, reader := t.Context(), h.as("reader", "api:test:read")
	many := make([]string, storage.MaxBulk+1)
	docs := make([]storage.Document, storage.MaxBulk+1)
	for i := range many {
		many[i], docs[i] = fmt.Sprint(i+1), "{}"
	}
	calls := func(r storage.Request, collection string, many []string, docs []storage.Document) []error {
		_, inserted := h.Insert(ctx, r, collection, docs)
		_, patched := h.PatchAll(ctx, r, collection, many, `{"n":1}`)
		_, deleted := h.DeleteAll(ctx, r, collection, many)
		return []error{inserted, patched, deleted}
	}
	for i, err := range calls(reader, "test", many[:1], docs[:1]) {
		if !errors.Is(err, security.ErrForbidden) {
			t.Errorf("call %d of a reader: %v", i, err)
		}
	}
	w := h.as("w", "*")
	for i, err := range calls(w, "test", many, docs) {
		if !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("call %d of too many: %v", i, err)
		}
	}
	for i, err := range calls(w, "none", many[:1], docs[:1]) {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("call %d in no collection: %v", i, err)
		}
	}
	for i, err := range calls(w, "test", nil, nil) {
		if err != nil {
			t.Errorf("call %d of nothing: %v", i, err)
		}
	}
	if results, err := h.DeleteAll(ctx, w, "test", many[1:]); err != nil || len(results) != 0 {
		t.Errorf("a thousand unknown ones: %v, %v", results, err)
	}
}

// ungrouped is an engine without groups.
type ungrouped struct{ storage.Engine }

func (u ungrouped) Apply(ctx context.Context, group ...storage.Write) ([]storage.Change, error) {
	if len(group) > 1 {
		return nil, &storage.Error{Kind: storage.ErrUngrouped, Message: "no groups"}
	}
	return u.Engine.Apply(ctx, group...)
}

func TestWithoutGroupsEachIsForItself(t *testing.T) {
	h := newHouse(t, free())
	h.Documents = storage.NewDocuments(ungrouped{h.engine}, h.guard, free())
	r, ctx := h.as("w", "*"), t.Context()
	h.imported("test", "", `{"identifier":"2","srvModified":1680000000000}`)
	wantIdentifiers(t, h.insert(r, "test", `{}`, `{}`), "3", "4")
	h.imported("test", "", `{"identifier":"6","srvModified":1680000000000}`)
	wantIdentifiers(t, h.insert(r, "test", `{}`, `{}`, `{}`), "5", "8", "9")
	results, err := h.Insert(ctx, r, "test", []storage.Document{`{"n":1}`, `{"identifier":"3"}`, `{"n":2}`})
	refuses(t, err, storage.ErrTaken, "")
	if len(results) != 1 || results[0].Change.After.Get("n") != "1" {
		t.Errorf("stored before the refusal: %+v", results)
	}
	results, err = h.PatchAll(ctx, r, "test", []string{"x", "5", "99", "4"}, `{"n":3}`)
	if err != nil {
		t.Fatal(err)
	}
	wantIdentifiers(t, results, "5", "4")
	results, err = h.DeleteAll(ctx, r, "test", []string{"5", "y", "4", "5"})
	if err != nil || results[0].Change.Group == results[1].Change.Group {
		t.Fatalf("%+v, %v", results, err)
	}
	wantIdentifiers(t, results, "5", "4")
}

// vanishing is an engine in which a document goes right after it was looked for.
type vanishing struct {
	storage.Engine
	identifier string
}

func (v vanishing) Get(ctx context.Context, collection string, key storage.Key) (storage.Stored, error) {
	stored, err := v.Engine.Get(ctx, collection, key)
	if err == nil && key.Identifier == v.identifier {
		remove := func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{Kind: storage.Delete}, nil }
		_, err = v.Engine.Apply(ctx, storage.Write{Collection: collection, Key: key, Decide: remove})
	}
	return stored, err
}

func TestManyWithoutOneThatGoesMeanwhile(t *testing.T) {
	h := newHouse(t, free())
	r := h.as("w", "*")
	h.insert(r, "test", `{}`, `{}`, `{}`, `{}`)
	h.Documents = storage.NewDocuments(vanishing{h.engine, "2"}, h.guard, free())
	results, err := h.PatchAll(t.Context(), r, "test", []string{"unknown", "1", "2", "3", "4"}, `{"n":1}`)
	if err != nil {
		t.Fatal(err)
	}
	wantIdentifiers(t, results, "1", "3", "4")
}
