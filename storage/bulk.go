package storage

import (
	"context"
	"errors"
	"fmt"

	"nightwire/security"
)

// MaxBulk is how many documents one request may create.
const MaxBulk = 1000

// Outcome is what became of one document of CreateEach: a result or, when Err is set, a refusal.
type Outcome struct {
	Result
	Err error
}

// Refused is the refusal of one document, because of which nothing of its request was stored.
type Refused struct {
	Index int // of the document, counted from 0
	Err   error
}

// Error returns the text for logs.
func (r *Refused) Error() string { return fmt.Sprintf("document %d: %v", r.Index, r.Err) }

// Unwrap is the refusal.
func (r *Refused) Unwrap() error { return r.Err }

// CreateAll creates documents as Create does, in order and in one atomic step: all or none. Their changes are one group.
// Of two documents with one identifier the later one updates the earlier one. Errors: those of Create, as *Refused where
// one of the documents is to blame.
func (d *Documents) CreateAll(ctx context.Context, r Request, collection string, docs []Document) ([]Result, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return nil, err
	}
	group := make([]Write, len(docs))
	for i, doc := range docs {
		w, err := d.creation(ctx, r, c, doc)
		if err != nil {
			return nil, &Refused{i, err}
		}
		group[i] = r.sign(w.blamed(i))
	}
	changes, err := d.engine.Apply(ctx, group...)
	if err != nil {
		return nil, err
	}
	d.pruner.wrote(c.Name, r.Answered)
	results := make([]Result, len(changes))
	for i, change := range changes {
		results[i] = resultOf(change)
	}
	return results, nil
}

// blamed is the write with its place told when it is refused.
func (w Write) blamed(place int) Write {
	decide := w.Decide
	w.Decide = func(stored *Stored, now int64) (Next, error) {
		next, err := decide(stored, now)
		if err != nil {
			err = &Refused{place, err}
		}
		return next, err
	}
	return w
}

// CreateEach creates documents as Create does, in order, each for itself: the refusal of one does not stop the others. When
// the engine goes away meanwhile, all of it fails with ErrUnavailable, and can be repeated: what was stored is recognised.
func (d *Documents) CreateEach(ctx context.Context, r Request, collection string, docs []Document) ([]Outcome, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(docs))
	var writes []Write
	var places []int
	for i, doc := range docs {
		w, err := d.creation(ctx, r, c, doc)
		if err != nil {
			outcomes[i].Err = err
			continue
		}
		writes, places = append(writes, r.sign(w)), append(places, i)
	}
	for i, a := range ApplyEach(ctx, d.engine, writes) {
		if errors.Is(a.Err, ErrUnavailable) || errors.Is(a.Err, security.ErrUnavailable) || a.Err != nil && ctx.Err() != nil {
			return nil, a.Err
		}
		if outcomes[places[i]].Err = a.Err; a.Err == nil {
			outcomes[places[i]].Result = resultOf(a.Change)
			d.pruner.wrote(c.Name, r.Answered)
		}
	}
	return outcomes, nil
}

// ApplyEach performs writes in order, each for itself, in as few steps as the engine can. It returns one entry per write.
func ApplyEach(ctx context.Context, e Engine, writes []Write) []Applied {
	if s, ok := e.(Series); ok {
		return s.ApplyEach(ctx, writes...)
	}
	applied := make([]Applied, len(writes))
	for i, w := range writes {
		changes, err := e.Apply(ctx, w)
		if applied[i].Err = err; err == nil {
			applied[i].Change = changes[0]
		}
	}
	return applied
}
