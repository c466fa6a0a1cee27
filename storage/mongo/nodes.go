package mongo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/options"
)

const (
	// beatEvery is how often a node says that it lives; sooner again after a failure.
	beatEvery  = 4 * time.Second
	beatSooner = time.Second
	// nodeAge is how long a node that says nothing is taken to live.
	nodeAge = 15 * time.Second
	// nodesKept is how long the entry of a node that died stays in the database.
	nodesKept = time.Hour
)

// entry is what a process has written down of itself, in nodesCollection, or in the lease. At is the server's time, so that
// the clocks of the nodes do not matter.
type entry struct {
	ID   string    `bson:"_id"`
	Node string    `bson:"node"`
	Host string    `bson:"host"`
	PID  int       `bson:"pid"`
	Beat int64     `bson:"beat"` // one more each time
	At   time.Time `bson:"at"`
}

func (r entry) String() string { return fmt.Sprintf("process %d on %s", r.PID, r.Host) }

// presence is what a node knows of its own entry.
type presence struct {
	mu     sync.Mutex
	server time.Time // the server's time when the entry was last renewed,
	local  time.Time // and our own
}

// now is the server's time, as far as it is known.
func (p *presence) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server.Add(time.Since(p.local))
}

// renewal is the update that renews an entry of this process.
func (e *Engine) renewal() bson.D {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	return bson.D{
		{Key: "$set", Value: bson.D{{Key: "node", Value: e.node}, {Key: "host", Value: host}, {Key: "pid", Value: os.Getpid()}}},
		{Key: "$inc", Value: bson.D{{Key: "beat", Value: int64(1)}}},
		{Key: "$currentDate", Value: bson.D{{Key: "at", Value: true}}},
	}
}

// beat renews this node's entry among the nodes, and takes over the server's time from it.
func (e *Engine) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	before := time.Now()
	nodes := e.db.Collection(nodesCollection)
	if _, err := nodes.UpdateOne(ctx, byID(e.node), e.renewal(), options.Update().SetUpsert(true)); err != nil {
		return fmt.Errorf("say that this node lives: %w", err)
	}
	var own entry
	if err := nodes.FindOne(ctx, byID(e.node)).Decode(&own); err != nil {
		return fmt.Errorf("read the time at the database: %w", err)
	}
	e.presence.mu.Lock()
	defer e.presence.mu.Unlock()
	e.presence.server, e.presence.local = own.At, before
	return nil
}

func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// others are the other nodes that live, as far as can be told.
func (e *Engine) others(ctx context.Context) ([]entry, error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	living := bson.D{{Key: "at", Value: bson.D{{Key: "$gt", Value: e.presence.now().Add(-nodeAge)}}}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: e.node}}}}
	cursor, err := e.db.Collection(nodesCollection).Find(ctx, living)
	if err != nil {
		return nil, fmt.Errorf("look for other nodes: %w", err)
	}
	var others []entry
	return others, cursor.All(ctx, &others)
}

// outlive waits until the processes that read finds are gone, or silent for as long as nodeAge. It gives up as soon as one of
// them shows that it lives.
func (e *Engine) outlive(ctx context.Context, read func(context.Context) ([]entry, error)) error {
	first := map[string]int64{}
	for round := 0; ; round++ {
		found, err := read(ctx)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, r := range found {
			seen, known := first[r.Node]
			if round > 0 && (!known || seen != r.Beat) {
				return fmt.Errorf("another node works on the database %s (%v): %w", e.db.Name(), r, errOccupied)
			}
			first[r.Node] = r.Beat
		}
		if round == 0 {
			e.options.Log.Info("another node may be at work on this database; waiting whether it shows itself", "node", found[0].String(), "longest", nodeAge)
		}
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
}

// errOccupied says why a node may not work beside another one, and what to do.
var errOccupied = errors.New("several nodes can only share a replica set or sharded cluster on which identifiers are unique; " +
	"stop the other one, or see in the log what this database lacks")

// wait lets time pass. Errors: that of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepBeating renews the entry, and the lease where this node needs it, until the engine is closed.
func (e *Engine) keepBeating() {
	next := beatEvery
	for failing := false; wait(e.life, next) == nil; {
		err := errors.Join(e.beat(e.life), e.renewLease(e.life))
		switch {
		case e.life.Err() != nil:
			return
		case err != nil && !failing:
			e.options.Log.Warn("the database takes no signs of life of this node", "error", shown("renewing its entry", err))
		case err == nil && failing:
			e.options.Log.Info("the database takes signs of life of this node again")
		}
		failing, next = err != nil, beatEvery
		if failing {
			next = beatSooner
		}
	}
}

// leave removes the entries of this node, so that nobody waits for it.
func (e *Engine) leave(ctx context.Context) error {
	if e.db == nil {
		return nil
	}
	nodes := e.db.Collection(nodesCollection)
	_, err := nodes.DeleteOne(ctx, byID(e.node))
	if isAway(err) {
		return nil // they run out by themselves
	}
	return errors.Join(err, e.releaseLease(ctx))
}

// forgetDead removes entries of nodes that died long ago.
func (e *Engine) forgetDead(ctx context.Context) error {
	dead := bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: e.presence.now().Add(-nodesKept)}}}}
	_, err := e.db.Collection(nodesCollection).DeleteMany(ctx, dead)
	return err
}
