package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// leaseID is the _id, in metaCollection, of the entry of the node that must be alone.
const leaseID = "lease"

// lease is the right to be the only node on a database: one that cannot be watched, or whose identifiers the server does not
// keep unique. It runs out nodeAge after it was renewed. The zero value is that of a node which needs none.
type lease struct {
	mu     sync.Mutex
	needed bool
	until  time.Time // up to when writes may begin; by our own clock, and earlier than others take it to have run out
}

// alone reports whether this node must be the only one.
func (a abilities) alone() bool { return a.watch == watchNothing || !a.unique }

// settleIn makes this node known, and makes sure that it may work beside those that there are. A node that must be alone
// takes the lease before it looks for others, and others make themselves known before they look for a lease, so of two that
// start at once at least one sees the other.
func (e *Engine) settleIn(ctx context.Context) error {
	if err := e.beat(ctx); err != nil {
		return classify("settling in", err)
	}
	if err := e.outlive(ctx, e.leaseholder); err != nil {
		return classify("settling in", err)
	}
	if e.can.alone() {
		if err := e.takeLease(ctx); err != nil {
			return classify("settling in", err)
		}
	}
	e.running.Go(e.keepBeating)
	if e.can.alone() {
		return classify("settling in", e.outlive(ctx, e.others))
	}
	return classify("settling in", e.forgetDead(ctx))
}

// leaseholder is another node that holds the lease: none or one.
func (e *Engine) leaseholder(ctx context.Context) ([]entry, error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	var holder entry
	err := e.db.Collection(metaCollection).FindOne(ctx, byID(leaseID)).Decode(&holder)
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for the lease: %w", err)
	case holder.Node == e.node || holder.At.Before(e.presence.now().Add(-nodeAge)):
		return nil, nil
	}
	return []entry{holder}, nil
}

// takeLease takes a lease that nobody has or that has run out.
func (e *Engine) takeLease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	e.lease.mu.Lock()
	e.lease.needed = true
	e.lease.mu.Unlock()
	meta := e.db.Collection(metaCollection)
	stale := bson.D{{Key: "_id", Value: leaseID}, {Key: "at", Value: bson.D{{Key: "$lt", Value: e.presence.now().Add(-nodeAge)}}}}
	if _, err := meta.DeleteOne(ctx, stale); err != nil {
		return fmt.Errorf("remove a lease that has run out: %w", err)
	}
	return e.renewLease(ctx)
}

// renewLease renews the lease, or takes it if nobody has it. A node that needs none has nothing to do.
func (e *Engine) renewLease(ctx context.Context) error {
	if !e.needsLease() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	began := time.Now()
	own := bson.D{{Key: "_id", Value: leaseID}, {Key: "node", Value: e.node}}
	_, err := e.db.Collection(metaCollection).UpdateOne(ctx, own, e.renewal(), options.Update().SetUpsert(true))
	if mongo.IsDuplicateKeyError(err) {
		e.holdLease(time.Time{})
		return fmt.Errorf("another node holds the lease of the database %s: %w", e.db.Name(), errOccupied)
	}
	if err != nil {
		return fmt.Errorf("renew the lease: %w", err)
	}
	e.holdLease(began.Add(nodeAge - time.Second - min(e.options.Timeout, nodeAge/2))) // a write that begins then ends in time
	return nil
}

func (e *Engine) needsLease() bool {
	e.lease.mu.Lock()
	defer e.lease.mu.Unlock()
	return e.lease.needed
}

func (e *Engine) holdLease(until time.Time) {
	e.lease.mu.Lock()
	defer e.lease.mu.Unlock()
	e.lease.until = until
}

// mayWrite reports whether this node may write now: not when another one could have taken its lease. Errors: ErrUnavailable.
func (e *Engine) mayWrite() error {
	if e.life.Err() != nil {
		return unavailable("writing", errClosed)
	}
	e.lease.mu.Lock()
	defer e.lease.mu.Unlock()
	if e.lease.needed && time.Now().After(e.lease.until) {
		return unavailable("writing", errors.New("this node's lease of the database has run out, and could not be renewed yet"))
	}
	return nil
}

func (e *Engine) releaseLease(ctx context.Context) error {
	if !e.needsLease() {
		return nil
	}
	_, err := e.db.Collection(metaCollection).DeleteOne(ctx, bson.D{{Key: "_id", Value: leaseID}, {Key: "node", Value: e.node}})
	return err
}
