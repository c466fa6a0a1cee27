package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/mongo"

	"nightwire/storage"
)

const (
	// writeTime is the time that each write of a group adds to that of a call.
	writeTime = 20 * time.Millisecond
	// maxDuplicates is how often a group is repeated because a document that it did not see keeps another one out. Once is
	// enough for one that was stored meanwhile.
	maxDuplicates = 2
)

// bundle are the writes of one request on their way.
type bundle struct {
	engine  *Engine
	name    string // storage.Change.Group
	writes  []storage.Write
	changes []storage.Change
}

// applyAll performs a group in one transaction, in the turns of all its collections.
func (e *Engine) applyAll(ctx context.Context, writes []storage.Write) ([]storage.Change, error) {
	if !e.can.transactions {
		return nil, &storage.Error{Kind: storage.ErrUngrouped, Message: "this database has no transactions (it is no replica set), so it cannot store several documents in one step; send ?atomic=false"}
	}
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout+time.Duration(len(writes))*writeTime)
	defer cancel()
	leave, err := e.takeTurns(limited, writes)
	if err != nil {
		return nil, failed(ctx, "preparing a group of writes", err)
	}
	defer leave()
	b := &bundle{engine: e, name: newGroup(), writes: writes}
	e.answers.put(b.name, writes[0].Answered)
	firm, cancel := e.firm(limited)
	defer cancel()
	return b.apply(firm)
}

// takeTurns makes the collections of a group ready and takes their turns.
func (e *Engine) takeTurns(ctx context.Context, writes []storage.Write) (leave func(), err error) {
	var taken []*clock
	leave = func() {
		for _, c := range taken {
			c.turn.give()
		}
	}
	defer func() {
		if err != nil {
			leave()
		}
	}()
	for _, name := range collectionsOf(writes) {
		if err := e.makeReady(ctx, name); err != nil {
			return nil, err
		}
		c := e.clocks.of(name)
		if err := c.turn.take(ctx); err != nil {
			return nil, err
		}
		taken = append(taken, c)
		if err := c.start(ctx, e.writable(name), e.clocks.present()); err != nil {
			return nil, err
		}
	}
	return leave, nil
}

// apply repeats the transaction while others stand in its way.
func (b *bundle) apply(ctx context.Context) ([]storage.Change, error) {
	var err error
	for n := range maxAttempts {
		err = b.engine.transact(ctx, b.perform)
		switch {
		case err == nil:
			b.wrote()
			return b.changes, nil
		case errors.Is(err, errDuplicate) && n >= maxDuplicates:
			return nil, taken(err)
		case !errors.Is(err, errAgain) && !errors.Is(err, errDuplicate):
			return nil, err
		}
		if pause(ctx, n) != nil {
			break
		}
	}
	return nil, exhausted(err)
}

// wrote tells the clocks.
func (b *bundle) wrote() {
	for _, c := range b.changes {
		b.engine.clocks.of(c.Collection).wrote()
	}
}

// perform does the writes in order, each of which sees those before it.
func (b *bundle) perform(ctx mongo.SessionContext) error {
	b.changes = make([]storage.Change, 0, len(b.writes))
	ticked := map[string]bool{}
	for i, w := range b.writes {
		change, err := b.write(ctx, w, ticked[w.Collection], i == len(b.writes)-1)
		if err != nil {
			return err
		}
		b.changes = append(b.changes, change)
		ticked[w.Collection] = true
	}
	return nil
}

func (b *bundle) write(ctx mongo.SessionContext, w storage.Write, ticked, last bool) (storage.Change, error) {
	e := b.engine
	if err := e.mayWrite(); err != nil {
		return storage.Change{}, err
	}
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout) // the session goes with it
	defer cancel()
	a := attempt{engine: e, write: w, clock: e.clocks.of(w.Collection), group: b.name}
	if err := a.look(limited); err != nil {
		return storage.Change{}, classify("reading a document", err)
	}
	s, err := e.plan(w, a.old, a.tick(ticked), b.name, last)
	if err != nil {
		return storage.Change{}, err
	}
	if s.document == nil {
		if err := e.announce(limited, e.note(s)); err != nil {
			return storage.Change{}, err
		}
	}
	return s.change, s.meaning(s.send(limited))
}

// collectionsOf are the collections of a group, each once and in an order that all who take their turns keep to.
func collectionsOf(writes []storage.Write) []string {
	var names []string
	for _, w := range writes {
		names = append(names, w.Collection)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// exhausted is the error of a write that was tried again and again: others always came first, or there was no primary.
func exhausted(last error) error {
	if errors.Is(last, storage.ErrUnavailable) {
		return last
	}
	return &storage.Error{Kind: storage.ErrConflict, Message: "Others changed the same documents all the time", Cause: last}
}
