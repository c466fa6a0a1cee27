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
	ins := make([]*incoming, len(docs))
	for i, doc := range docs {
		if isEmpty(doc) {
			return nil, &Refused{i, errNoBody()}
		}
		ins[i] = d.receive(ctx, r, c, doc, "")
	}
	var changes []Change
	err = d.counting(ctx, c, ins, func(left []*incoming) ([]*incoming, error) {
		group := make([]Write, len(left))
		for i, in := range left {
			group[i] = r.sign(d.creation(in, in.create).blamed(i))
		}
		changes, err = d.engine.Apply(ctx, group...)
		return left, err
	})
	if err != nil {
		return nil, err
	}
	d.pruner.wrote(c.Name, r.Answered)
	return resultsOf(changes), nil
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
	places := map[*incoming]int{}
	var ins []*incoming
	for i, doc := range docs {
		if isEmpty(doc) {
			outcomes[i].Err = errNoBody()
			continue
		}
		in := d.receive(ctx, r, c, doc, "")
		places[in], ins = i, append(ins, in)
	}
	err = d.counting(ctx, c, ins, func(left []*incoming) ([]*incoming, error) {
		return d.createEach(ctx, r, left, func(in *incoming, o Outcome) { outcomes[places[in]] = o })
	})
	if err != nil && !errors.Is(err, errCounted) {
		return nil, err
	}
	return outcomes, nil
}

// createEach creates documents, each for itself, and tells what became of them. Those whose number is taken are left.
func (d *Documents) createEach(ctx context.Context, r Request, ins []*incoming, tell func(*incoming, Outcome)) (left []*incoming, err error) {
	writes := make([]Write, len(ins))
	for i, in := range ins {
		writes[i] = r.sign(d.creation(in, in.create))
	}
	for i, a := range ApplyEach(ctx, d.engine, writes) {
		switch {
		case errors.Is(a.Err, ErrUnavailable) || errors.Is(a.Err, security.ErrUnavailable) || a.Err != nil && ctx.Err() != nil:
			return nil, a.Err
		case errors.Is(a.Err, errCounted):
			left, err = append(left, ins[i]), errCounted
			tell(ins[i], Outcome{Err: a.Err})
		case a.Err != nil:
			tell(ins[i], Outcome{Err: a.Err})
		default:
			tell(ins[i], Outcome{Result: resultOf(a.Change)})
			d.pruner.wrote(writes[i].Collection, r.Answered)
		}
	}
	return left, err
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
