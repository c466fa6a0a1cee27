package mongo

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"nightwire/storage"
)

const (
	// maxAttempts is how often a write is tried while others come first: those of other nodes and programs, since within this
	// one each waits for its turn.
	maxAttempts = 30
	// maxPause is the longest pause between two attempts.
	maxPause = 50 * time.Millisecond
	// grace is the part of a call's time that is left to what has begun, so that a long wait for the turn does not cut it off.
	grace = 4
)

// Apply performs the writes of one request. One alone is made atomic by a condition: the document is replaced only if it is
// still the one that Decide was told. Several need a transaction; ErrUngrouped tells where the database has none. When ctx ends
// before a Decide was asked, nothing is done and ctx's error is returned; afterwards the outcome is waited for. ErrUnavailable
// may also mean that the outcome is unknown.
func (e *Engine) Apply(ctx context.Context, group ...storage.Write) ([]storage.Change, error) {
	if len(group) == 0 {
		return nil, nil
	}
	for _, w := range group {
		if err := e.checkName(w.Collection); err != nil {
			return nil, err
		}
	}
	leave, err := e.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if len(group) > 1 {
		return e.applyAll(ctx, group)
	}
	change, err := e.applyOne(ctx, group[0])
	if err != nil {
		return nil, err
	}
	return []storage.Change{change}, nil
}

// enter keeps the engine open until leave is called. Errors: ErrUnavailable when nothing may be written, ctx's.
func (e *Engine) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := e.mayWrite(); err != nil {
		return nil, err
	}
	e.writing.RLock()
	if e.life.Err() != nil { // Close was faster
		e.writing.RUnlock()
		return nil, unavailable("writing", errClosed)
	}
	return e.writing.RUnlock, nil
}

// checkName refuses what no collection of documents is called.
func (e *Engine) checkName(collection string) error {
	if !storage.ValidName(collection) || strings.HasPrefix(collection, ownPrefix) {
		return storage.Invalid("Bad collection name %.70q", collection)
	}
	return nil
}

// applyOne performs one write, in its collection's turn: which is held from the tick of the clock until the server has
// acknowledged, so that on this node documents are stored in the order of their srvModified.
func (e *Engine) applyOne(ctx context.Context, w storage.Write) (storage.Change, error) {
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	a := attempt{engine: e, write: w, clock: e.clocks.of(w.Collection), group: newGroup()}
	if err := a.begin(limited); err != nil {
		return storage.Change{}, failed(ctx, "preparing a write", err)
	}
	defer a.clock.turn.give()
	e.answers.put(a.group, w.Answered)
	var why error
	for n := range maxAttempts {
		var change storage.Change
		if change, why = a.try(limited); !errors.Is(why, errAgain) && !errors.Is(why, errDuplicate) {
			return change, why
		}
		if err := a.again(limited, n, why); err != nil {
			return storage.Change{}, failed(ctx, "repeating a write", err)
		}
	}
	return storage.Change{}, exhausted(why)
}

// attempt is one write on its way.
type attempt struct {
	engine *Engine
	write  storage.Write
	clock  *clock
	group  string
	old    *found // the document as last read
}

// begin reads the document and takes the turn, which is the caller's afterwards unless there is an error. It is read first, as
// most writers do not meet another one; those that did not find it look again when that may have changed.
func (a *attempt) begin(ctx context.Context) (err error) {
	e, collection := a.engine, a.write.Collection
	if err := e.makeReady(ctx, collection); err != nil {
		return err
	}
	seen := a.clock.writes()
	if err := a.look(ctx); err != nil {
		return err
	}
	if err := a.clock.turn.take(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			a.clock.turn.give()
		}
	}()
	if err := a.clock.start(ctx, e.writable(collection), e.clocks.present()); err != nil {
		return err
	}
	if a.old == nil && (!e.can.unique || a.clock.writes() != seen) {
		return a.look(ctx)
	}
	return nil
}

// look reads the document.
func (a *attempt) look(ctx context.Context) (err error) {
	a.old, err = lookup(ctx, a.engine.writable(a.write.Collection), a.write.Key)
	return err
}

// try asks the writer and does what it decides. From then on the end of the caller's context no longer counts.
func (a *attempt) try(ctx context.Context) (storage.Change, error) {
	if err := a.engine.mayWrite(); err != nil {
		return storage.Change{}, err
	}
	s, err := a.engine.plan(a.write, a.old, a.tick(false), a.group, true)
	if err != nil {
		return storage.Change{}, err
	}
	firm, cancel := a.engine.firm(ctx)
	defer cancel()
	if err := a.engine.perform(firm, s); err != nil {
		return storage.Change{}, s.meaning(err)
	}
	a.clock.wrote()
	return s.change, nil
}

// tick is the time of the write, later than that of the document it changes even if this node has not heard of it yet; ticked:
// it is not the first of its group.
func (a *attempt) tick(ticked bool) int64 {
	clocks := &a.engine.clocks
	if a.old != nil {
		if modified, ok := a.old.doc.Get("srvModified").Int(); ok {
			clocks.saw(a.write.Collection, modified)
		}
	}
	return a.clock.tick(clocks.present(), ticked)
}

// again pauses and reads the document anew. A document that another one's identifier keeps out is found now, or it is an _id
// that is taken.
func (a *attempt) again(ctx context.Context, n int, why error) error {
	if err := pause(ctx, n); err != nil {
		return err
	}
	if err := a.look(ctx); err != nil {
		return err
	}
	if errors.Is(why, errDuplicate) && a.old == nil {
		return taken(why)
	}
	return nil
}

// firm is a context that the caller's no longer ends; only its time, or a little more of it, still does.
func (e *Engine) firm(ctx context.Context) (context.Context, context.CancelFunc) {
	until := time.Now().Add(e.options.Timeout / grace)
	if deadline, ok := ctx.Deadline(); ok && deadline.After(until) {
		until = deadline
	}
	return context.WithDeadline(context.WithoutCancel(ctx), until)
}

// pause waits a random while, longer with each attempt, so that those who stand in each other's way part.
func pause(ctx context.Context, attempt int) error {
	return wait(ctx, rand.N(min(time.Millisecond<<min(attempt, 10), maxPause)))
}

// perform makes a step durable.
func (e *Engine) perform(ctx context.Context, s *step) error {
	switch l := e.ledger(); {
	case l != nil:
		return l.write(ctx, s)
	case s.document == nil:
		return e.removeNoted(ctx, s)
	default:
		return s.send(ctx)
	}
}
