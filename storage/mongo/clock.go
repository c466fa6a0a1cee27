package mongo

import (
	"context"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

const (
	// maxLead is how far, in ms, a collection's clock may lead real time before the documents of a group share a value.
	maxLead = 1000
	// maxFuture is how far beyond the present a srvModified may lie, in ms, and still move a clock: a wrong one, written by
	// another program, must not carry all later ones with it.
	maxFuture = 24 * 60 * 60 * 1000
)

// turn lets one writer at a time through, in the order in which they came.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }

// clocks are the turns and the newest srvModified of the collections. The zero value is ready for use.
type clocks struct {
	mu     sync.Mutex
	shared turn // all collections have this one; nil: each has its own
	byName map[string]*clock
	now    func() time.Time // nil: time.Now
}

// clock is what this node knows about writing to one collection.
type clock struct {
	turn turn

	mu      sync.Mutex
	last    int64 // newest srvModified, ms
	known   bool  // last takes into account what was in the database when this node began to write
	written int64 // how many writes this node has made, to tell whether what was read before may be stale
}

// of is the clock of a collection.
func (c *clocks) of(collection string) *clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byName[collection]; known != nil {
		return known
	}
	made := &clock{turn: c.shared}
	if made.turn == nil {
		made.turn = newTurn()
	}
	if c.byName == nil {
		c.byName = map[string]*clock{}
	}
	c.byName[collection] = made
	return made
}

// present is the time, ms.
func (c *clocks) present() int64 {
	if c.now == nil {
		return time.Now().UnixMilli()
	}
	return c.now().UnixMilli()
}

// saw tells a collection's clock of a srvModified that another node or program gave to a document.
func (c *clocks) saw(collection string, ms int64) {
	if ms <= c.present()+maxFuture {
		c.of(collection).saw(ms)
	}
}

func (c *clock) saw(ms int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, ms)
}

// tick is the time for the next write. Each has a millisecond of its own, so that a client which saw one of two documents
// can ask for the other; while that has put the clock far ahead (bulk loads), the documents of one group (ticked: this is
// not its first) share one.
func (c *clock) tick(now int64, ticked bool) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next := max(now, c.last+1); !ticked || next <= now+maxLead {
		c.last = next
	}
	return c.last
}

// wrote notes a write of this node.
func (c *clock) wrote() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written++
}

func (c *clock) writes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

// start lets the clock go on from the newest srvModified in the collection. Its turn is held.
func (c *clock) start(ctx context.Context, collection *mongo.Collection, now int64) error {
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if known {
		return nil
	}
	newest, err := newestModified(ctx, collection, now+maxFuture)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.known = max(c.last, newest), true
	return nil
}

// newestModified is the newest srvModified in a collection that is not later than a limit, 0 when there is none.
func newestModified(ctx context.Context, collection *mongo.Collection, limit int64) (int64, error) {
	var newest struct {
		Modified float64 `bson:"srvModified"`
	}
	numbers := bson.D{{Key: "srvModified", Value: bson.D{{Key: "$gt", Value: int64(0)}, {Key: "$lte", Value: limit}}}}
	err := collection.FindOne(ctx, numbers, options.FindOne().
		SetSort(bson.D{{Key: "srvModified", Value: -1}}).
		SetProjection(bson.D{{Key: "srvModified", Value: 1}})).Decode(&newest)
	if err == mongo.ErrNoDocuments {
		return 0, nil
	}
	return int64(newest.Modified), err
}
