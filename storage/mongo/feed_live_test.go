package mongo

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// livePatience is how long these tests wait for what must happen.
const livePatience = 20 * time.Second

// live opens an empty database on a server of one's own, which must have change streams.
func live(t *testing.T) *Engine {
	uri := os.Getenv("MONGODB_TEST_URI")
	if uri == "" {
		t.Skip("needs MONGODB_TEST_URI")
	}
	base, query, _ := strings.Cut(uri, "?")
	parts := strings.SplitN(base, "/", 4) // mongodb:, nothing, hosts, database
	name := "nightwire_feed_" + strings.ToLower(rand.Text()[:8])
	e, err := Open(t.Context(), Options{URI: strings.Join(parts[:3], "/") + "/" + name + "?" + query})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), livePatience)
		defer cancel()
		if err := e.db.Drop(ctx); err != nil {
			t.Errorf("dropping %s: %v", name, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if e.can.watch == watchNothing {
		t.Skip("this server has no change streams")
	}
	return e
}

// liveChanges reads n changes after a cursor.
func liveChanges(t *testing.T, e *Engine, after storage.Cursor, n int) (changes []storage.Change) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), livePatience)
	defer cancel()
	for c, err := range e.Changes(ctx, after) {
		if err != nil {
			t.Fatal(err)
		}
		if changes = append(changes, c); len(changes) == n {
			return changes
		}
	}
	t.Fatalf("%d changes of %d came: %v", len(changes), n, changes)
	return nil
}

func liveHead(t *testing.T, e *Engine) storage.Cursor {
	t.Helper()
	head, err := e.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// liveApply writes one document, or removes it with a kind of its own.
func liveApply(t *testing.T, e *Engine, collection, identifier, fields string) storage.Change {
	t.Helper()
	decide := func(stored *storage.Stored, now int64) (storage.Next, error) {
		next := storage.Next{Kind: storage.Create}
		if stored != nil {
			next.Kind = storage.Update
		}
		if fields == "" {
			next.Kind = storage.Delete
			return next, nil
		}
		next.Document = storage.Document(fmt.Sprintf(`{"identifier":%q,%s,"srvModified":%d}`, identifier, fields, now))
		return next, nil
	}
	changes, err := e.Apply(t.Context(), storage.Write{Collection: collection, Key: storage.Key{Identifier: identifier}, Decide: decide})
	if err != nil {
		t.Fatal(err)
	}
	return changes[0]
}

// TestLiveFeed: what Apply says is what the stream tells, from every place.
func TestLiveFeed(t *testing.T) {
	e := live(t)
	start := liveHead(t, e)
	var want []storage.Change
	for i := range 5 {
		want = append(want, liveApply(t, e, "entries", "a", fmt.Sprintf(`"sgv":%d`, i)))
	}
	want = append(want, liveApply(t, e, "entries", "a", ""), liveApply(t, e, "entries", "b", `"sgv":1`))
	all := liveChanges(t, e, start, len(want))
	for i, c := range all {
		if told(c) != told(want[i]) || c.Identifier != want[i].Identifier {
			t.Errorf("told %s, written %s", told(c), told(want[i]))
		}
		if i == 0 {
			continue
		}
		later := liveChanges(t, e, all[i-1].Cursor, 1)[0]
		if !e.can.preImages && c.Kind != storage.Delete {
			later.Before = c.Before // in memory alone
		}
		if told(later) != told(c) {
			t.Errorf("after change %d came %s, not %s", i-1, told(later), told(c))
		}
	}
}

// TestLiveNodes: two nodes write at once; both hear every change once, a document's in the order of its revisions, and in the
// same order where the whole database is watched.
func TestLiveNodes(t *testing.T) {
	const writers, writes = 4, 25
	one := live(t)
	two, err := Open(t.Context(), Options{URI: one.options.URI})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := two.Close(); err != nil {
			t.Error(err)
		}
	}()
	nodes := []*Engine{one, two}
	starts := []storage.Cursor{liveHead(t, one), liveHead(t, two)}
	var all sync.WaitGroup
	for _, e := range nodes {
		for w := range writers {
			all.Go(func() {
				for i := range writes {
					liveApply(t, e, []string{"entries", "food"}[w%2], fmt.Sprint(i%3), fmt.Sprintf(`"v":%d`, i))
				}
			})
		}
	}
	var orders [2][]string
	for n, e := range nodes {
		revisions := map[string]int64{}
		for _, c := range liveChanges(t, e, starts[n], 2*writers*writes) {
			name := c.Collection + "/" + c.Identifier
			if c.Revision != revisions[name]+1 {
				t.Fatalf("node %d: after revision %d came %s", n, revisions[name], told(c))
			}
			revisions[name] = c.Revision
			orders[n] = append(orders[n], fmt.Sprint(name, c.Revision))
		}
	}
	all.Wait()
	if one.can.watch == watchDatabase && !slices.Equal(orders[0], orders[1]) {
		t.Error("the nodes heard the changes in different orders")
	}
}

// TestLiveMessages: a message comes in its place among the changes, wherever the order of collections is known.
func TestLiveMessages(t *testing.T) {
	e := live(t)
	start := liveHead(t, e)
	answered := make(chan struct{})
	if err := e.Publish(t.Context(), storage.Message{Channel: "users:", Body: `{"a":1}`, By: "me", Answered: answered}); err != nil {
		t.Fatal(err)
	}
	c := liveChanges(t, e, start, 1)[0]
	if c.Kind != storage.Tell || c.Collection != "users:" || c.After != `{"a":1}` || c.By != "me" || c.Answered == nil {
		t.Errorf("told %+v", c)
	}
}

// TestLiveForeignWriters: what other programs write is told.
func TestLiveForeignWriters(t *testing.T) {
	e := live(t)
	ctx, c := t.Context(), e.db.Collection("treatments")
	liveApply(t, e, "treatments", "known", `"n":1`)
	start := liveHead(t, e)
	before := time.Now().Add(-time.Minute).UnixMilli()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.InsertOne(ctx, bson.D{{Key: "_id", Value: "x"}, {Key: "n", Value: 1}})
	check(err)
	created := liveChanges(t, e, start, 1)[0]
	if c := created; c.Kind != storage.Create || c.Identifier != "x" || c.Time < before || c.After.Get("srvModified") != storage.IntValue(c.Time) {
		t.Errorf("told %+v", c)
	}
	_, err = c.UpdateByID(ctx, "x", bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: 2}}}})
	check(err)
	_, err = c.UpdateOne(ctx, bson.D{{Key: "identifier", Value: "known"}}, bson.D{{Key: "$set", Value: bson.D{{Key: "isValid", Value: false}}}})
	check(err)
	var heard []storage.Change
	reading, stop := context.WithTimeout(ctx, livePatience)
	defer stop()
	for c, err := range e.Changes(reading, start) {
		check(err)
		if heard = append(heard, c); len(heard) == 4 {
			break
		}
		if len(heard) == 3 { // not before, since without images the updates are looked up
			_, err = e.db.Collection("treatments").DeleteOne(ctx, bson.D{{Key: "_id", Value: "x"}})
			check(err)
		}
	}
	if len(heard) != 4 {
		t.Fatalf("heard %v", heard)
	}
	for i, want := range []string{"create x", "update x", "delete known", "delete x"} {
		if got := string(heard[i].Kind) + " " + heard[i].Identifier; got != want {
			t.Errorf("told %s, not %s", told(heard[i]), want)
		}
	}
	if heard[1].After.Get("n") != "2" || heard[3].Before.Get("n") != "2" {
		t.Errorf("told %s, %s", told(heard[1]), told(heard[3]))
	}
}
