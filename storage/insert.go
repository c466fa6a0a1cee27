package storage

import (
	"context"
	"errors"
)

// Insert stores new documents. One whose identifier a living document has is ErrTaken; in the place of a tombstone it is
// a new document (kind Create). Documents without identifier get one as the collection's IDs say; they may have no fields.
// The changes are one group, all or nothing, where the engine can do that; else the documents are stored in order, each for
// itself, up to the first that is refused, and the results are those of the documents before it. Errors: ErrNotFound
// (collection), *security.Forbidden, ErrInvalid, ErrTaken, ErrTooLarge, ErrConflict, ErrUnavailable; as *Refused where one of
// the documents is to blame.
func (d *Documents) Insert(ctx context.Context, r Request, collection string, docs []Document) ([]Result, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return nil, err
	}
	if err := d.check(ctx, r, c, "create"); err != nil {
		return nil, err
	}
	if len(docs) > MaxBulk {
		return nil, errTooMany()
	}
	ins := make([]*incoming, len(docs))
	for i, doc := range docs {
		if doc == "" {
			return nil, &Refused{i, errNoBody()}
		}
		ins[i] = d.receive(ctx, r, c, doc, "")
	}
	var changes []Change
	err = d.counting(ctx, c, ins, func(left []*incoming) ([]*incoming, error) {
		writes := make([]Write, len(left))
		for i, in := range left {
			writes[i] = d.creation(in, in.add).blamed(len(changes) + i)
		}
		done, err := d.together(ctx, r, writes)
		changes = append(changes, done...)
		return left[len(done):], err
	})
	return resultsOf(changes), err
}

// add stores a new document, also in the place of a deleted one.
func (in *incoming) add(stored *Stored, now int64) (Next, error) {
	switch {
	case stored == nil:
		return in.insert(now)
	case in.counts:
		return Next{}, errCounted
	case !isDeleted(stored.Document):
		return Next{}, &Error{Kind: ErrTaken, Message: "Another document has this identifier"}
	}
	return in.insert(now)
}

// together hands writes to the engine as one group or, where it has no groups, each for itself, up to the first that is
// refused. It returns the changes that were made, also with an error.
func (d *Documents) together(ctx context.Context, r Request, writes []Write) (changes []Change, err error) {
	if len(writes) == 0 {
		return nil, nil
	}
	for i, w := range writes {
		writes[i] = r.sign(w)
	}
	if changes, err = d.engine.Apply(ctx, writes...); errors.Is(err, ErrUngrouped) {
		changes, err = d.oneByOne(ctx, writes)
	}
	if len(changes) > 0 {
		d.pruner.wrote(writes[0].Collection, r.Answered)
	}
	return changes, err
}

func (d *Documents) oneByOne(ctx context.Context, writes []Write) (changes []Change, err error) {
	for _, w := range writes {
		done, err := d.engine.Apply(ctx, w)
		if err != nil {
			return changes, err
		}
		changes = append(changes, done...)
	}
	return changes, nil
}

func errTooMany() error { return Invalid("A bulk write takes at most %d documents", MaxBulk) }
