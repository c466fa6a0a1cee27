package storage

import (
	"context"
	"errors"
	"fmt"
)

// maxRecounts is how often a write is repeated because a document has a number that was just given out. Once is enough,
// unless somebody imports meanwhile.
const maxRecounts = 5

// errCounted is a number that was given out and is a document's already.
var errCounted = fmt.Errorf("a counted id is taken: %w", ErrConflict)

// counting gives documents their numbers, where ids are counted, and lets attempt store them. That is repeated, for those
// that attempt says are left, when a document has one of the numbers already. Errors: those of attempt, of counters.
func (d *Documents) counting(ctx context.Context, c Collection, docs []*incoming, attempt func([]*incoming) (left []*incoming, err error)) error {
	for n := 0; ; n++ {
		if err := d.count(ctx, c, docs); err != nil {
			return err
		}
		left, err := attempt(docs)
		if !errors.Is(err, errCounted) || n == maxRecounts {
			return err
		}
		if err := d.counters.recount(ctx, c); err != nil {
			return err
		}
		docs = left
	}
}

// count gives numbers to those documents that need one, and moves the counter beyond those that have one. What will be
// refused anyhow does not count.
func (d *Documents) count(ctx context.Context, c Collection, docs []*incoming) error {
	if c.IDs != CountedIDs {
		return nil
	}
	var given int64
	var without []*incoming
	for _, in := range docs {
		if in.mayCreate != nil {
			continue
		}
		if in.counts {
			without = append(without, in)
		} else if number, ok := c.number(in.doc.Get("identifier").Text()); ok {
			given = max(given, number)
		}
	}
	if given == 0 && len(without) == 0 {
		return nil
	}
	first, err := d.counters.take(ctx, c, given, len(without))
	for i, in := range without {
		in.doc.Set("identifier", StringValue(string(IntValue(first+int64(i)))))
	}
	return err
}
