package mongotest

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
	"nightwire/storage/mongo"
)

// listened is what an engine has logged.
type listened struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *listened) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *listened) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// openHeard opens an engine and shows its log.
func openHeard(ctx context.Context, uri string) (*mongo.Engine, *listened, error) {
	log := new(listened)
	e, err := mongo.Open(ctx, mongo.Options{URI: uri, Log: slog.New(slog.NewTextHandler(log, nil))})
	return e, log, err
}

// indexNames are the names of a collection's indexes.
func indexNames(t *testing.T, c *driver.Collection) map[string]bool {
	t.Helper()
	found, err := c.Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, x := range found {
		names[x.Name] = true
	}
	return names
}

// The indexes of an existing Nightscout stay, and only what is missing is added, once.
func TestIndexesBesideNightscout(t *testing.T) {
	uri, db := freshDatabase(t)
	entries := db.Collection("entries")
	for _, key := range []string{"identifier", "date", "sgv"} {
		if _, err := entries.Indexes().CreateOne(t.Context(), driver.IndexModel{Keys: bson.D{{Key: key, Value: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := open(t, uri).Close(); err != nil {
			t.Fatal(err)
		}
		names := indexNames(t, entries)
		for _, want := range []string{"_id_", "identifier_1", "date_1", "sgv_1", "nightwire_identifier", "srvModified_1", "isValid_1", "created_at_1", "date_1_type_1"} {
			if !names[want] {
				t.Errorf("no index %s", want)
			}
			delete(names, want)
		}
		if len(names) > 0 {
			t.Errorf("more indexes: %v", names)
		}
	}
}

// Documents without an identifier do not stand in each other's way, and two with the same one do.
func TestUniqueIdentifier(t *testing.T) {
	uri, db := freshDatabase(t)
	open(t, uri)
	food := db.Collection("food")
	for _, doc := range []bson.D{{}, {{Key: "a", Value: 1}}, {{Key: "identifier", Value: "x"}}, {{Key: "identifier", Value: "y"}}} {
		if _, err := food.InsertOne(t.Context(), doc); err != nil {
			t.Errorf("%v: %v", doc, err)
		}
	}
	if _, err := food.InsertOne(t.Context(), bson.D{{Key: "identifier", Value: "x"}}); !driver.IsDuplicateKeyError(err) {
		t.Errorf("a second x: %v", err)
	}
}

// On a database with duplicates one node works, says which they are, and a second one is refused.
func TestDuplicates(t *testing.T) {
	uri, db := freshDatabase(t)
	for _, identifier := range []string{"once", "twice", "twice", "thrice", "thrice", "thrice"} {
		if _, err := db.Collection("treatments").InsertOne(t.Context(), bson.D{{Key: "identifier", Value: identifier}}); err != nil {
			t.Fatal(err)
		}
	}
	e, log, err := openHeard(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	said := log.String()
	if !strings.Contains(said, "treatments") || !strings.Contains(said, "[thrice twice]") || strings.Contains(said, "once") {
		t.Errorf("the log says: %s", said)
	}
	if _, err := e.Apply(t.Context(), put("treatments", "new")); err != nil {
		t.Errorf("a write: %v", err)
	}
	if second, _, err := openHeard(t.Context(), uri); err == nil {
		second.Close()
		t.Error("a second node is let in")
	}
}

// A node that must be alone keeps a second one out for as long as it lives, and lets it in at once when it has left.
func TestLease(t *testing.T) {
	if real() {
		t.Skip("nodes may share a replica set")
	}
	uri, _ := freshDatabase(t)
	first := open(t, uri)
	second, log, err := openHeard(t.Context(), uri)
	if err == nil {
		second.Close()
		t.Fatal("a second node is let in")
	}
	if !strings.Contains(err.Error(), "another node works on the database") || !strings.Contains(log.String(), "another node may be at work") {
		t.Errorf("%v; the log says: %s", err, log)
	}
	if err := first.Ping(t.Context()); err != nil {
		t.Errorf("the first node, afterwards: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third, log, err := openHeard(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if strings.Contains(log.String(), "another node") {
		t.Errorf("it waited: %s", log)
	}
}

// What a process that was killed has left behind is waited for no longer than it is valid, and not at all when that is past.
func TestLeaseOfTheDead(t *testing.T) {
	if real() {
		t.Skip("nodes may share a replica set")
	}
	for name, c := range map[string]struct {
		age            time.Duration
		least, longest time.Duration
	}{
		"long dead": {time.Hour, 0, 2 * time.Second},
		"just died": {11 * time.Second, 2 * time.Second, 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			uri, db := freshDatabase(t)
			lease := bson.D{{Key: "_id", Value: "lease"}, {Key: "node", Value: "gone"}, {Key: "host", Value: "h"}, {Key: "pid", Value: 1},
				{Key: "beat", Value: int64(7)}, {Key: "at", Value: time.Now().Add(-c.age)}}
			if _, err := db.Collection("nightwire_meta").InsertOne(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			e := open(t, uri)
			if took := time.Since(began); took < c.least || took > c.longest {
				t.Errorf("it took %v", took)
			}
			if _, err := e.Apply(t.Context(), put("entries", "x")); err != nil {
				t.Error(err)
			}
		})
	}
}

// A node that has lost its lease writes nothing more, and is not ready.
func TestLeaseLost(t *testing.T) {
	if real() {
		t.Skip("nodes may share a replica set")
	}
	uri, db := freshDatabase(t)
	e := open(t, uri)
	other := bson.D{{Key: "$set", Value: bson.D{{Key: "node", Value: "another"}}}}
	if _, err := db.Collection("nightwire_meta").UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "lease"}}, other); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); e.Ping(t.Context()) == nil; time.Sleep(50 * time.Millisecond) { // it is noticed with the next sign of life
		if time.Now().After(end) {
			t.Fatal("it does not notice")
		}
	}
	if _, err := e.Apply(t.Context(), put("entries", "x")); !isUnavailable(err) {
		t.Errorf("a write: %v", err)
	}
	if _, err := db.Collection("nightwire_meta").DeleteOne(t.Context(), bson.D{{Key: "_id", Value: "lease"}}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); e.Ping(t.Context()) != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come back")
		}
	}
}

func TestLoadOrCreate(t *testing.T) {
	uri, _ := freshDatabase(t)
	e := open(t, uri)
	value, created, err := e.LoadOrCreate(t.Context(), "key", func() string { return "first" })
	if err != nil || value != "first" || !created {
		t.Errorf("%s %v %v", value, created, err)
	}
	value, created, err = e.LoadOrCreate(t.Context(), "key", func() string { return "second" })
	if err != nil || value != "first" || created {
		t.Errorf("%s %v %v", value, created, err)
	}
}

// Of many that ask for a secret at once, all get the same.
func TestLoadOrCreateAtOnce(t *testing.T) {
	uri, _ := freshDatabase(t)
	e := open(t, uri)
	const askers = 8
	values := make(chan string, askers)
	for i := range askers {
		go func() {
			value, _, err := e.LoadOrCreate(t.Context(), "key", func() string { return string(rune('a' + i)) })
			if err != nil {
				t.Error(err)
			}
			values <- value
		}()
	}
	first := <-values
	for range askers - 1 {
		if value := <-values; value != first || value == "" {
			t.Errorf("%q and %q", first, value)
		}
	}
}

// With nobody else there is nothing to wait for; with another node the newest write is waited for until it is old enough.
func TestSettle(t *testing.T) {
	uri, db := freshDatabase(t)
	e := open(t, uri)
	change, err := e.Apply(t.Context(), put("entries", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if until, err := e.Settle(t.Context(), "entries"); err != nil || until != math.MaxInt64 {
		t.Errorf("alone: %d, %v", until, err)
	}
	nodes := db.Collection("nightwire_nodes")
	other := bson.D{{Key: "$set", Value: bson.D{{Key: "node", Value: "other"}}}, {Key: "$currentDate", Value: bson.D{{Key: "at", Value: true}}}}
	if _, err := nodes.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "other"}}, other, options.Update().SetUpsert(true)); err != nil {
		t.Fatal(err)
	}
	until, err := e.Settle(t.Context(), "entries")
	if now := time.Now().UnixMilli(); err != nil || until < change[0].Time || until > now-900 {
		t.Errorf("written at %d, now %d: settled until %d, %v", change[0].Time, now, until, err)
	}
	began := time.Now()
	if _, err := e.Settle(t.Context(), "entries"); err != nil || time.Since(began) > 500*time.Millisecond {
		t.Errorf("nothing written lately: %v after %v", err, time.Since(began))
	}
	if _, err := nodes.DeleteOne(t.Context(), bson.D{{Key: "_id", Value: "other"}}); err != nil {
		t.Fatal(err)
	}
}

func isUnavailable(err error) bool { return errors.Is(err, storage.ErrUnavailable) }
