package mongotest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"

	"nightwire/storage"
	"nightwire/storage/mongo"
)

// These tests are about the journal of a database that cannot be watched, so a replica set does not have it.

func needsLedger(t *testing.T) {
	t.Helper()
	if real() {
		t.Skip("is about databases that cannot be watched")
	}
}

// leave performs writes and closes the engine.
func leave(t *testing.T, uri string, writes ...storage.Write) {
	t.Helper()
	e := open(t, uri)
	for _, w := range writes {
		if _, err := e.Apply(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// all are the changes in a journal.
func all(t *testing.T, e *mongo.Engine) (changes []storage.Change) {
	t.Helper()
	head, err := e.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for c, err := range e.Changes(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		if changes = append(changes, c); c.Cursor == head {
			return changes
		}
	}
	t.Fatal("the journal does not reach its head")
	return nil
}

func removing(collection, identifier string) storage.Write {
	return storage.Write{Collection: collection, Key: storage.Key{Identifier: identifier},
		Decide: func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{Kind: storage.Delete}, nil }}
}

// newestEntry reads the newest entry as it lies in the database.
func newestEntry(t *testing.T, db *driver.Database) (n bson.M) {
	t.Helper()
	cursor, err := db.Collection("nightwire_changes").Find(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var entries []bson.M
	if err := cursor.All(t.Context(), &entries); err != nil || len(entries) == 0 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	n = entries[0]
	for _, other := range entries {
		if other["_id"].(int64) > n["_id"].(int64) {
			n = other
		}
	}
	return n
}

// TestLedgerCrash: an entry whose write never came to be is gone after a restart, one whose write did is told.
func TestLedgerCrash(t *testing.T) {
	needsLedger(t)
	for _, c := range []struct {
		what   string
		last   storage.Write
		undo   bool // as if the process had died before the document was written
		before bson.M
		want   int // changes after the restart
	}{
		{"created", put("notes", "b"), false, nil, 2},
		{"not created", put("notes", "b"), true, nil, 1},
		{"replaced", put("notes", "a"), false, nil, 2},
		{"not replaced", put("notes", "a"), true, bson.M{}, 1},
		{"removed", removing("notes", "a"), false, nil, 2},
		{"not removed", removing("notes", "a"), true, bson.M{}, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			uri, db := freshDatabase(t)
			leave(t, uri, put("notes", "a"))
			notes := db.Collection("notes")
			if c.before != nil {
				if err := notes.FindOne(t.Context(), bson.D{}).Decode(&c.before); err != nil {
					t.Fatal(err)
				}
			}
			leave(t, uri, c.last)
			if entry := newestEntry(t, db); c.undo {
				if _, err := notes.DeleteOne(t.Context(), bson.M{"_id": entry["of"]}); err != nil {
					t.Fatal(err)
				}
				if c.before != nil {
					if _, err := notes.InsertOne(t.Context(), c.before); err != nil {
						t.Fatal(err)
					}
				}
			}
			e := open(t, uri)
			if got := all(t, e); len(got) != c.want {
				t.Errorf("%d changes, want %d: %v", len(got), c.want, got)
			}
			next, err := e.Apply(t.Context(), put("notes", "c"))
			if err != nil {
				t.Fatal(err)
			}
			if got := all(t, e); len(got) != c.want+1 || got[c.want].Cursor != next[0].Cursor {
				t.Errorf("afterwards %v", got)
			}
		})
	}
}

// TestLedgerRefused: a write that the database refuses leaves no entry.
func TestLedgerRefused(t *testing.T) {
	needsLedger(t)
	uri, db := freshDatabase(t)
	e := open(t, uri)
	for _, w := range []storage.Write{put("notes", "a"), put("notes", "b")} {
		if _, err := e.Apply(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	rename := put("notes", "a")
	rename.Key.Identifier = "b"
	if _, err := e.Apply(t.Context(), rename); !errors.Is(err, storage.ErrTaken) {
		t.Errorf("a rename to what is taken: %v", err)
	}
	if seq := newestEntry(t, db)["_id"]; seq != int64(2) || len(all(t, e)) != 2 {
		t.Errorf("newest entry %v, changes %v", seq, all(t, e))
	}
}

// TestLedgerResume: a cursor goes on across a restart, and does not fit the journal of another database.
func TestLedgerResume(t *testing.T) {
	needsLedger(t)
	uri, db := freshDatabase(t)
	first := open(t, uri)
	done, err := first.Apply(t.Context(), put("notes", "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Publish(t.Context(), storage.Message{Channel: "live:x", Body: `{"x":[[1.50]]}`, By: "me"}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, uri)
	if _, err := second.Apply(t.Context(), put("notes", "a")); err != nil {
		t.Fatal(err)
	}
	var got []string
	for c, err := range second.Changes(t.Context(), done[0].Cursor) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, fmt.Sprintf("%s %s %d %s", c.Kind, c.Collection, c.Revision, c.After.Get("x"))); len(got) == 2 {
			break
		}
	}
	if fmt.Sprint(got) != "[message live:x 0 [[1.50]] update notes 2 ]" {
		t.Errorf("after the restart %q", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection("nightwire_changes").DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	for _, err := range open(t, uri).Changes(t.Context(), done[0].Cursor) {
		if !errors.Is(err, storage.ErrGap) {
			t.Errorf("a cursor of a journal that was removed: %v", err)
		}
	}
}

// TestLedgerOfTwo: a process that finds another one's entries in its journal writes no more.
func TestLedgerOfTwo(t *testing.T) {
	needsLedger(t)
	uri, db := freshDatabase(t)
	e := open(t, uri)
	if _, err := e.Apply(t.Context(), put("notes", "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection("nightwire_changes").InsertOne(t.Context(), bson.M{"_id": int64(2)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := e.Apply(t.Context(), put("notes", "b")); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("a write into somebody else's journal: %v", err)
		}
	}
	if _, err := e.Get(t.Context(), "notes", storage.Key{Identifier: "b"}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it was written: %v", err)
	}
}

// TestLedgerCuts: however often the connection is cut, the journal tells what was written and nothing else, in order and once.
func TestLedgerCuts(t *testing.T) {
	needsLedger(t)
	uri, _ := freshDatabase(t)
	cuttable, w := through(t, uri)
	e, err := mongo.Open(t.Context(), mongo.Options{URI: cuttable, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(20+n*37%100) * time.Millisecond):
				w.cut()
			}
		}
	}()
	acknowledged, unknown := 0, 0
	for began := time.Now(); time.Since(began) < 5*time.Second; {
		_, err := e.Apply(t.Context(), put("notes", "counter"))
		switch {
		case err == nil:
			acknowledged++
		case errors.Is(err, storage.ErrUnavailable):
			unknown++
		default:
			t.Fatal(err)
		}
	}
	close(stop)
	<-stopped
	if _, err := e.Apply(t.Context(), put("notes", "counter")); err != nil {
		t.Fatal(err)
	}
	got, err := e.Get(t.Context(), "notes", storage.Key{Identifier: "counter"})
	changes := all(t, e)
	if err != nil || int64(len(changes)) != got.Revision || len(changes) <= acknowledged || unknown == 0 {
		t.Errorf("%d changes of %d writes and %d unknown ones, revision %d (%v)", len(changes), acknowledged, unknown, got.Revision, err)
	}
	for i, c := range changes {
		if c.Revision != int64(i+1) {
			t.Fatalf("revision %d in place %d", c.Revision, i)
		}
	}
	t.Logf("%d acknowledged, %d unknown, %d written", acknowledged, unknown, len(changes))
}
