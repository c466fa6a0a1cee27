package storage_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"

	"nightwire/security"
	"nightwire/storage"
)

func free() storage.Options {
	return storage.Options{Collections: append(storage.Nightscout(),
		storage.Collection{Name: "test", IDs: storage.CountedIDs, Fields: []string{"test", "n"}},
		storage.Collection{Name: "todo", IDs: storage.UUIDs},
	)}
}

// insert stores documents that must be accepted.
func (h *house) insert(r storage.Request, collection string, texts ...string) []storage.Result {
	h.t.Helper()
	docs := make([]storage.Document, len(texts))
	for i, text := range texts {
		docs[i] = document(h.t, text)
	}
	results, err := h.Insert(h.t.Context(), r, collection, docs)
	if err != nil {
		h.t.Fatal(err)
	}
	return results
}

func identifiers(results []storage.Result) (all []string) {
	for _, r := range results {
		all = append(all, r.Identifier)
	}
	return all
}

func wantIdentifiers(t *testing.T, results []storage.Result, want ...string) {
	t.Helper()
	if got := identifiers(results); !slices.Equal(got, want) {
		t.Fatalf("identifiers are %q, want %q", got, want)
	}
}

func TestInsertCounts(t *testing.T) {
	h := newHouse(t, free())
	r := h.as("w", "*")
	wantIdentifiers(t, h.insert(r, "test", `{"test":"a"}`, `{}`), "1", "2")
	wantIdentifiers(t, h.insert(r, "test", `{"identifier":"7"}`, `{}`), "7", "8")
	wantIdentifiers(t, h.insert(r, "test", `{}`, `{"identifier":"5"}`, `{}`), "9", "5", "10")
	wantIdentifiers(t, h.insert(r, "test", `{"identifier":"13"}`), "13")
	wantIdentifiers(t, h.insert(r, "test", `{}`), "14")
	results := h.insert(r, "test", `{"n":1}`)
	if c := results[0].Change; c.Kind != storage.Create || c.After.Get("id") != "15" || !slices.Equal(c.Sent, []string{"n"}) {
		t.Errorf("change is %+v", c)
	}
	if doc, err := h.Read(t.Context(), r, "test", "15"); err != nil || doc.Get("id") != "" || doc.Get("n") != "1" {
		t.Errorf("shown is %s, %v", doc, err)
	}
}

func TestInsertMakesUUIDs(t *testing.T) {
	h := newHouse(t, free())
	r := h.as("w", "*")
	results := h.insert(r, "todo", `{}`, `{"identifier":"mine"}`, `{"date":5}`)
	for _, i := range []int{0, 2} {
		if id, err := uuid.Parse(results[i].Identifier); err != nil || id.Version() != 4 {
			t.Errorf("%q is no UUID: %v", results[i].Identifier, err)
		}
	}
	if c := results[2].Change.After; results[1].Identifier != "mine" || c.Get("id") != "" || c.Get("created_at") != "" || c.Get("date") != "5" {
		t.Errorf("stored %s", c)
	}
}

func TestInsertIsOfNewDocuments(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	h.insert(r, "test", `{"identifier":"3","n":1}`)
	_, err := h.Insert(ctx, r, "test", []storage.Document{`{"n":2}`, `{"identifier":"3"}`})
	refuses(t, err, storage.ErrTaken, "Another document has this identifier")
	var refused *storage.Refused
	if !errors.As(err, &refused) || refused.Index != 1 {
		t.Errorf("blamed is %v", err)
	}
	if n := len(h.all(r, "test")); n != 1 {
		t.Errorf("%d documents, want the one of before", n)
	}
	if _, err := h.Delete(ctx, r, "test", "3", false); err != nil {
		t.Fatal(err)
	}
	again := h.insert(r, "test", `{"identifier":"3","n":4}`)[0]
	if !again.Created || again.Change.Kind != storage.Create || again.Change.After.Get("isValid") != "" || again.Change.After.Get("id") != "3" {
		t.Errorf("in the place of a tombstone: %+v", again)
	}
}

func (h *house) all(r storage.Request, collection string) []string {
	h.t.Helper()
	docs, err := collect(h.Search(h.t.Context(), r, collection, storage.Query{}))
	if err != nil {
		h.t.Fatal(err)
	}
	return docs
}

// A collection of Nightscout's keeps its rules.
func TestInsertIntoNightscoutsCollection(t *testing.T) {
	h := newHouse(t, free())
	r := h.as("w", "*")
	_, err := h.Insert(t.Context(), r, "entries", []storage.Document{`{"date":1680000000000}`})
	refuses(t, err, storage.ErrInvalid, "Bad or missing app field")
	h.insert(r, "entries", `{"date":1680000000000,"app":"a","type":"sgv"}`)
	_, err = h.Insert(t.Context(), r, "entries", []storage.Document{`{"date":1680000000000,"app":"a","type":"sgv"}`})
	refuses(t, err, storage.ErrTaken, "")
}

func TestFreeIdentifiersAreJudged(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	for _, bad := range []string{`"0"`, `"-1"`, `"01"`, `"1.0"`, `"+1"`, `"1e3"`, `"x"`, `" 1"`, `"9007199254740992"`, `5`, `["1"]`} {
		doc := document(t, `{"identifier":`+bad+`}`)
		_, err := h.Create(ctx, r, "test", doc)
		refuses(t, err, storage.ErrInvalid, "Bad or missing identifier field")
		_, err = h.Insert(ctx, r, "test", []storage.Document{doc})
		refuses(t, err, storage.ErrInvalid, "Bad or missing identifier field")
		if text := doc.Get("identifier").Text(); text != "" {
			_, err = h.Update(ctx, r, "test", text, `{"n":1}`)
			refuses(t, err, storage.ErrInvalid, "Bad or missing identifier field")
		}
	}
	h.create(r, "test", `{"identifier":"9007199254740991"}`)
	_, err := h.Create(ctx, r, "test", `{"n":1}`)
	refuses(t, err, storage.ErrInvalid, "The collection has no further ids")
}

func TestClientsWriteNoNumber(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	h.insert(r, "test", `{"n":1}`)
	h.insert(r, "todo", `{"identifier":"a"}`)
	const message = "Field id cannot be set, documents have an identifier"
	for collection, identifier := range map[string]string{"test": "1", "todo": "a"} {
		for _, text := range []string{`{"id":1}`, `{"id.x":1}`, `{"id":null}`} {
			doc := document(t, text)
			_, err := h.Create(ctx, r, collection, doc)
			refuses(t, err, storage.ErrInvalid, message)
			_, err = h.Update(ctx, r, collection, identifier, doc)
			refuses(t, err, storage.ErrInvalid, message)
			_, err = h.Patch(ctx, r, collection, identifier, doc)
			refuses(t, err, storage.ErrInvalid, message)
		}
	}
}

// The number stays with the document through every kind of write.
func TestNumbersStay(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	result := h.create(r, "test", `{"date":1,"app":"x"}`)
	stays := func(res storage.Result, err error) {
		t.Helper()
		if err != nil || res.Identifier != "1" || res.Change.After.Get("id") != "1" {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	stays(result, nil)
	stays(h.Create(ctx, r, "test", `{"identifier":"1","date":2}`))
	stays(h.Update(ctx, r, "test", "1", `{"app":"y"}`))
	stays(h.Patch(ctx, r, "test", "1", `{"date":3,"duration":5,"mills":1680000000000}`))
	if doc, _ := h.Read(ctx, r, "test", "1"); doc.Get("endmills") != "" {
		t.Errorf("the rules of treatments hold in a free collection: %s", doc)
	}
	stays(h.Delete(ctx, r, "test", "1", false))
	if next := h.create(r, "test", `{"n":1}`); next.Identifier != "2" {
		t.Errorf("a tombstone's id was given out: %q", next.Identifier)
	}
}

// What was in the collection before it counted, or came past the counter, is counted around.
func TestCounterMeetsOtherDocuments(t *testing.T) {
	h := newHouse(t, free())
	r := h.as("w", "*")
	foreign := func(doc string) { h.imported("test", "", doc) }
	foreign(`{"identifier":"4","srvModified":1680000000000}`)
	foreign(`{"identifier":"9","id":9,"srvModified":1680000000000,"isValid":false}`)
	foreign(`{"identifier":"text","id":"text","srvModified":1680000000000}`)
	wantIdentifiers(t, h.insert(r, "test", `{}`), "10")
	foreign(`{"identifier":"12","srvModified":1680000000000,"isValid":false}`)
	wantIdentifiers(t, h.insert(r, "test", `{}`, `{}`), "13", "14")
	foreign(`{"identifier":"15","id":15,"srvModified":1680000000000}`)
	if res := h.create(r, "test", `{"n":1}`); res.Identifier != "16" {
		t.Errorf("create counted %q", res.Identifier)
	}
	foreign(`{"identifier":"17"}`)
	outcomes, err := h.CreateEach(t.Context(), r, "test", []storage.Document{`{"n":1}`, `{"identifier":"x"}`, `{}`, `{"n":2}`})
	if err != nil || outcomes[0].Err != nil || outcomes[3].Err != nil || outcomes[1].Err == nil || outcomes[2].Err == nil {
		t.Fatalf("%+v, %v", outcomes, err)
	}
	if a, b := outcomes[0].Identifier, outcomes[3].Identifier; a == b || a == "17" || b == "17" {
		t.Errorf("each counted %q and %q", a, b)
	}
}

// Writers at once, some with ids of their own, never share an id, and nothing of theirs is lost.
func TestCountingIsSafeForMany(t *testing.T) {
	h := newHouse(t, free())
	r, ctx := h.as("w", "*"), t.Context()
	const writers, rounds = 8, 30
	var mu sync.Mutex
	var given []string
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range rounds {
				docs := []storage.Document{`{"n":1}`, `{"n":2}`}
				if w == 0 {
					docs[0] = storage.Document(fmt.Sprintf(`{"identifier":"%d"}`, 7*n+11)) // ahead of the counter, and behind it
				}
				results, err := h.Insert(ctx, r, "test", docs)
				if err != nil && !(w == 0 && errors.Is(err, storage.ErrTaken)) {
					t.Error(err)
				}
				mu.Lock()
				given = append(given, identifiers(results)...)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(given)
	if n := len(given); len(slices.Compact(slices.Clone(given))) != n || n < (writers-1)*rounds*2 {
		t.Errorf("%d ids given out, not all different", n)
	}
	if stored := h.all(r, "test"); len(stored) != len(given) {
		t.Errorf("%d documents, %d ids", len(stored), len(given))
	}
}

// Search puts counted documents in the order of their numbers.
func TestCountedOrder(t *testing.T) {
	h := newHouse(t, free())
	r := h.as("w", "*")
	for range 12 {
		h.insert(r, "test", `{}`)
	}
	for i, identifier := range h.all(r, "test") {
		if identifier != strconv.Itoa(i+1) {
			t.Fatalf("place %d has %s", i, identifier)
		}
	}
	c, _ := h.Collection("test")
	q := storage.Query{Filter: storage.Filter{Op: storage.Gte, Path: c.KeyPath(), Value: c.Key("10")}, Sort: []storage.SortKey{{Path: c.KeyPath(), Desc: true}}, Skip: 1}
	docs, err := collect(h.Search(t.Context(), r, "test", q))
	if err != nil || len(docs) != 2 || docs[0] != "11" {
		t.Errorf("found %v, %v", docs, err)
	}
}

func TestKeys(t *testing.T) {
	counted, random := free().Collections[6], free().Collections[7]
	for _, v := range []struct {
		c                storage.Collection
		identifier, want string
	}{
		{counted, "5", `5`}, {counted, "05", `"05"`}, {counted, "x", `"x"`}, {random, "5", `"5"`},
	} {
		if got := v.c.Key(v.identifier); string(got) != v.want {
			t.Errorf("key of %q in %s is %s, want %s", v.identifier, v.c.Name, got, v.want)
		}
	}
	if counted.KeyPath() != "id" || random.KeyPath() != "identifier" || storage.Nightscout()[0].KeyPath() != "identifier" {
		t.Error("key paths are mixed up")
	}
}

// Who may not create makes the counter not move.
func TestForbiddenDoesNotCount(t *testing.T) {
	h := newHouse(t, free())
	reader, writer := h.as("reader", "api:test:read,update"), h.as("w", "*")
	for range 3 {
		_, err := h.Create(t.Context(), reader, "test", `{"n":1}`)
		if !errors.Is(err, security.ErrForbidden) {
			t.Fatal(err)
		}
		if _, err = h.Insert(t.Context(), reader, "test", []storage.Document{`{"identifier":"50"}`}); !errors.Is(err, security.ErrForbidden) {
			t.Fatal(err)
		}
		if _, err = h.Update(t.Context(), reader, "test", "60", `{"n":1}`); !errors.Is(err, security.ErrForbidden) {
			t.Fatal(err)
		}
	}
	wantIdentifiers(t, h.insert(writer, "test", `{}`), "1")
}
