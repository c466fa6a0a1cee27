// Package storagetest holds what every storage engine must do, as one suite: an engine's own test calls Run. It owns the
// promises of storage.Engine and of the meaning of queries; how an engine keeps its files, and what it does when they
// are damaged, is tested beside the engine.
//
// Read suite.go first; each other file holds the tests of one promise.
package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"nightwire/storage"
)

// Open makes an empty engine for one test and closes it at the test's end (closing it twice must do no harm).
type Open func(t *testing.T) storage.Engine

// Run runs the whole suite.
func Run(t *testing.T, open Open) { Limits{}.Run(t, open) }

// Run runs the suite within these limits.
func (l Limits) Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		test func(*testing.T, storage.Engine)
	}{
		{"OneIdentifierManyWriters", l.testOneIdentifier},
		{"GroupsAreAtomic", testGroupAtomic},
		{"GroupsStayTogether", l.testGroupsTogether},
		{"Series", testSeries},
		{"RefusedWrites", testRefused},
		{"PanickingWrite", testPanic},
		{"EndedContext", testEndedContext},
		{"ChangesTellWhatHappened", testChangeFields},
		{"ChangesAreOrdered", l.testOrder},
		{"ResumeAnywhere", l.testResume},
		{"Gap", testGap},
		{"ChangesWait", testWait},
		{"TimesAreUnique", l.testTimes},
		{"Messages", testMessages},
		{"MessagesAnswered", testMessageAnswered},
		{"ManyMessages", l.testManyMessages},
		{"RefusedMessages", testRefusedMessages},
		{"Keys", testKeys},
		{"ForeignBecomesOwn", testForeignBecomesOwn},
		{"IdentifierTaken", testTaken},
		{"Tombstones", testTombstones},
		{"Operators", l.testOperators},
		{"SortAcrossTypes", l.testSortTypes},
		{"SortTies", testSortTies},
		{"SkipAndLimit", testSkipLimit},
		{"QueriesLikeBruteForce", l.testBruteForce},
		{"AbandonedQueries", l.testAbandoned},
		{"SlowConsumers", l.testSlowConsumers},
		{"UnknownCollection", testUnknown},
		{"Collections", testCollections},
		{"Close", testClose},
	}
	known := map[string]bool{}
	for _, c := range tests {
		known[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			if l.runs(t, c.name) {
				c.test(t, open(t))
			}
		})
	}
	for name := range l.Except {
		if !known[name] {
			t.Errorf("there is no test %s to except", name)
		}
	}
}

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// document is an object with an identifier, further fields, and the time of its write.
func document(identifier, fields string, now int64) storage.Document {
	d := storage.Document("{" + fields + "}").Edit()
	d.Set("identifier", storage.StringValue(identifier))
	d.Set("srvModified", storage.IntValue(now))
	return d.Document()
}

// put writes a whole document: create when there is none, else update. fields are members of a JSON object.
func put(collection, identifier, fields string) storage.Write {
	return storage.Write{
		Collection: collection,
		Key:        storage.Key{Identifier: identifier},
		Decide: func(stored *storage.Stored, now int64) (storage.Next, error) {
			kind := storage.Create
			if stored != nil {
				kind = storage.Update
			}
			return storage.Next{Kind: kind, Document: document(identifier, fields, now)}, nil
		},
	}
}

// putForeign inserts a document that has no identifier of its own.
func putForeign(collection, id, fields string) storage.Write {
	return storage.Write{
		Collection: collection,
		Decide: func(_ *storage.Stored, now int64) (storage.Next, error) {
			d := storage.Document("{" + fields + "}").Edit()
			d.Set("srvModified", storage.IntValue(now))
			return storage.Next{Kind: storage.Create, Document: d.Document(), ID: id}, nil
		},
	}
}

// remove deletes a document for good.
func remove(collection, identifier string, kind storage.Kind) storage.Write {
	return storage.Write{
		Collection: collection,
		Key:        storage.Key{Identifier: identifier},
		Decide: func(stored *storage.Stored, _ int64) (storage.Next, error) {
			if stored == nil {
				return storage.Next{}, storage.ErrNotFound
			}
			return storage.Next{Kind: kind}, nil
		},
	}
}

func apply(t *testing.T, e storage.Engine, group ...storage.Write) []storage.Change {
	t.Helper()
	changes, err := e.Apply(t.Context(), group...)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	if len(changes) != len(group) {
		t.Fatalf("%d changes of %d writes", len(changes), len(group))
	}
	return changes
}

// fill applies writes that need not be one group: an engine may have no groups (Limits).
func fill(t *testing.T, e storage.Engine, writes ...storage.Write) {
	t.Helper()
	if s, ok := e.(storage.Series); ok {
		for _, a := range s.ApplyEach(t.Context(), writes...) {
			if a.Err != nil {
				t.Fatalf("ApplyEach: %v", a.Err)
			}
		}
		return
	}
	for _, w := range writes {
		apply(t, e, w)
	}
}

func find(t *testing.T, e storage.Engine, collection string, q storage.Query) []storage.Document {
	t.Helper()
	var found []storage.Document
	for doc, err := range e.Find(t.Context(), collection, q) {
		if err != nil {
			t.Fatalf("Find: %v", err)
		}
		found = append(found, doc)
	}
	return found
}

func identifiers(docs []storage.Document) []string {
	ids := []string{}
	for _, d := range docs {
		ids = append(ids, d.Identifier())
	}
	return ids
}

// journal reads n changes after a cursor.
func journal(t *testing.T, e storage.Engine, after storage.Cursor, n int) []storage.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	changes := []storage.Change{}
	if n == 0 {
		return changes
	}
	for c, err := range e.Changes(ctx, after) {
		if err != nil {
			t.Fatalf("Changes: %v", err)
		}
		if changes = append(changes, c); len(changes) == n {
			return changes
		}
	}
	t.Fatalf("%d changes of %d came", len(changes), n)
	return nil
}

func head(t *testing.T, e storage.Engine) storage.Cursor {
	t.Helper()
	c, err := e.Head(t.Context())
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	return c
}

// silent expects that nothing has been told after a cursor: what comes first is a write made now.
func silent(t *testing.T, e storage.Engine, after storage.Cursor, what string) {
	t.Helper()
	apply(t, e, put("silence", "ends", ``))
	if c := journal(t, e, after, 1)[0]; c.Collection != "silence" {
		t.Errorf("%s: told %+v", what, c)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}
