package mongotest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
	"nightwire/storage/mongo"
)

// These tests are about several nodes on one database, and what a change stream tells. FerretDB has neither.

const patience = 30 * time.Second

// put writes a whole document with a counter in it, which it adds one to.
func put(collection, identifier string) storage.Write {
	return storage.Write{Collection: collection, Key: storage.Key{Identifier: identifier},
		Decide: func(stored *storage.Stored, now int64) (storage.Next, error) {
			kind, n := storage.Create, int64(0)
			if stored != nil {
				kind = storage.Update
				n, _ = stored.Document.Get("n").Int()
			}
			text := fmt.Sprintf(`{"identifier":%q,"n":%d,"srvModified":%d}`, identifier, n+1, now)
			return storage.Next{Kind: kind, Document: storage.Document(text)}, nil
		}}
}

// hear collects n changes from now on; the function it returns waits for them.
func hear(t *testing.T, e storage.Engine, n int) func() []storage.Change {
	t.Helper()
	start, err := e.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	heard := make(chan []storage.Change, 1)
	go func() {
		defer cancel()
		var changes []storage.Change
		defer func() { heard <- changes }()
		for c, err := range e.Changes(ctx, start) {
			if err != nil {
				t.Errorf("Changes: %v", err)
				return
			}
			if changes = append(changes, c); len(changes) == n {
				return
			}
		}
	}()
	return func() []storage.Change {
		t.Helper()
		changes := <-heard
		if len(changes) != n {
			t.Fatalf("%d changes of %d came", len(changes), n)
		}
		return changes
	}
}

func TestNoLostUpdate(t *testing.T) {
	needsServer(t)
	uri, _ := freshDatabase(t)
	engines := []*mongo.Engine{open(t, uri), open(t, uri)}
	const writers, each = 16, 50
	revisions := make(chan int64, writers*each)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for range each {
				done, err := engines[w%2].Apply(t.Context(), put("notes", "counter"))
				if err != nil {
					t.Errorf("Apply: %v", err)
					return
				}
				revisions <- done[0].Revision
			}
		})
	}
	all.Wait()
	close(revisions)
	seen := map[int64]bool{}
	for r := range revisions {
		seen[r] = true
	}
	got, err := engines[0].Get(t.Context(), "notes", storage.Key{Identifier: "counter"})
	if n, _ := got.Document.Get("n").Int(); err != nil || n != writers*each || len(seen) != writers*each {
		t.Errorf("counter %d, %d different revisions after %d writes (%v)", n, len(seen), writers*each, err)
	}
}

// TestOneOrder: listeners on both nodes hear every change once, in one order, each document's by its revisions.
func TestOneOrder(t *testing.T) {
	needsServer(t)
	uri, _ := freshDatabase(t)
	engines := []*mongo.Engine{open(t, uri), open(t, uri)}
	const writers, each = 16, 50
	first, second := hear(t, engines[0], writers*each), hear(t, engines[1], writers*each)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if _, err := engines[w%2].Apply(t.Context(), put([]string{"entries", "notes"}[i%2], fmt.Sprint((w+i)%7))); err != nil {
					t.Errorf("Apply: %v", err)
				}
			}
		})
	}
	all.Wait()
	x, y := first(), second()
	revisions := map[string]int64{}
	for i, c := range x {
		name := c.Collection + "/" + c.Identifier
		if c.Revision != revisions[name]+1 {
			t.Fatalf("revision %d of %s after %d", c.Revision, name, revisions[name])
		}
		revisions[name] = c.Revision
		if d := y[i]; d.Collection != c.Collection || d.Identifier != c.Identifier || d.Revision != c.Revision || d.Before != c.Before || d.After != c.After {
			t.Fatalf("place %d: one node tells %+v, the other %+v", i, c, d)
		}
	}
}

// TestGroupsAcrossNodes: a transaction's changes come together on the other node, or not at all.
func TestGroupsAcrossNodes(t *testing.T) {
	needsServer(t)
	uri, _ := freshDatabase(t)
	writer, reader := open(t, uri), open(t, uri)
	const groups = 20
	heard := hear(t, reader, groups*2)
	for i := range groups {
		group := []storage.Write{put("notes", fmt.Sprint(i)), put("entries", fmt.Sprint(i))}
		if _, err := writer.Apply(t.Context(), group...); err != nil {
			t.Fatal(err)
		}
		refused := storage.Write{Collection: "notes", Decide: func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{}, storage.ErrReadOnly }}
		if _, err := writer.Apply(t.Context(), put("notes", "never"), refused); err == nil {
			t.Fatal("a group with a refused write was performed")
		}
	}
	for pair := range slices.Chunk(heard(), 2) {
		if pair[0].Group != pair[1].Group || pair[0].Last || !pair[1].Last || pair[0].Identifier != pair[1].Identifier {
			t.Fatalf("not one group: %+v", pair)
		}
	}
}

// TestOtherPrograms: what is written past Nightwire is told, with the documents as they were.
func TestOtherPrograms(t *testing.T) {
	needsServer(t)
	uri, db := freshDatabase(t)
	nightscout(t, db)
	e := open(t, uri)
	heard := hear(t, e, 4)
	ctx, entries := t.Context(), db.Collection("entries")
	id := func(hex string) bson.D { return bson.D{{Key: "_id", Value: oid(hex)}} }
	_, err1 := entries.InsertOne(ctx, bson.D{{Key: "_id", Value: oid("6400000000000000000000aa")}, {Key: "sgv", Value: 1}, {Key: "type", Value: "sgv"}})
	_, err2 := entries.UpdateOne(ctx, id(entryID), bson.D{{Key: "$set", Value: bson.D{{Key: "sgv", Value: 130}}}})
	_, err3 := entries.ReplaceOne(ctx, id(olderID), bson.D{{Key: "sgv", Value: 96}})
	_, err4 := entries.DeleteOne(ctx, id(entryID))
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	type told struct {
		kind          storage.Kind
		identifier    string
		before, after storage.Value // sgv
	}
	var got []told
	for _, c := range heard() {
		got = append(got, told{c.Kind, c.Identifier, c.Before.Get("sgv"), c.After.Get("sgv")})
		if now := time.Now().UnixMilli(); c.Time < now-60_000 || c.Time > now+60_000 {
			t.Errorf("time %d of %+v", c.Time, c)
		}
	}
	want := []told{
		{storage.Create, "6400000000000000000000aa", "", "1"},
		{storage.Update, entryID, "120", "130"},
		{storage.Update, olderID, "95", "96"},
		{storage.Delete, entryID, "130", ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told %v\nwant %v", got, want)
	}
}

// TestTwoProcesses: two built servers on one database accept each other's tokens and see each other's writes.
func TestTwoProcesses(t *testing.T) {
	needsServer(t)
	uri, db := freshDatabase(t)
	nightscout(t, db)
	nodes := []*node{launch(t, uri), launch(t, uri)}
	nodes[0].login(accessToken("aapsphone", subjectID))
	nodes[1].jwt = nodes[0].jwt
	const writers, each = 8, 25
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				body := fmt.Sprintf(`{"identifier":"%d-%d","date":%d,"app":"test"}`, w, i, entryDate+int64(w*each+i))
				nodes[w%2].call("POST", "/api/v3/food", body, http.StatusCreated)
			}
		})
	}
	all.Wait()
	x, y := nodes[0].list("/api/v3/food/history/1660000000000"), nodes[1].list("/api/v3/food/history/1660000000000")
	if n, err := db.Collection("food").CountDocuments(t.Context(), bson.D{}); x != y || err != nil || n != writers*each {
		t.Errorf("%d documents (%v); the nodes' histories:\n%s\n%s", n, err, x, y)
	}
}
