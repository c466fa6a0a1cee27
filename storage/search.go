package storage

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Search yields the valid documents that match (spec nightscout-v3 §3, SEARCH), whole: which fields are shown is for the face. Conditions
// on isValid are overruled. q.Sort holds no key or one; the identifier follows in the same direction, so that the order is
// always complete. Errors: ErrNotFound (collection), *security.Forbidden, ErrInvalid, ErrSlow, ErrUnavailable.
func (d *Documents) Search(ctx context.Context, r Request, collection string, q Query) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		c, err := d.Collection(collection)
		if err == nil {
			err = d.checkList(ctx, r, c)
		}
		if err != nil {
			yield("", err)
			return
		}
		d.search(ctx, c, q, yield)
	}
}

// search gives the engine its time; what the caller takes for the documents does not count.
func (d *Documents) search(ctx context.Context, c Collection, asked Query, yield func(Document, error) bool) {
	q := asked
	q.Filter, q.Sort = onlyValid(asked.Filter), c.completeSort(asked.Sort)
	limited, allowed := allow(ctx, d.options.SearchTime)
	defer allowed.close()
	d.find(limited, c, q, func(doc Document, err error) bool {
		allowed.pause()
		defer allowed.resume()
		if err != nil && context.Cause(limited) == ErrSlow {
			err = d.slow(ctx, c, asked)
		}
		return yield(doc, err)
	})
}

// slow says of a search that was given up which of its fields have no index, when the engine can tell.
func (d *Documents) slow(ctx context.Context, c Collection, q Query) error {
	e := &Error{Kind: ErrSlow, Message: fmt.Sprintf("The search took longer than %v", d.options.SearchTime)}
	planner, ok := d.engine.(Planner)
	if !ok {
		return e
	}
	q.Filter = withoutIsValid(q.Filter)
	fields, err := planner.Unindexed(ctx, c.Name, q)
	if len(fields) > 0 {
		e.Message += ": there is no index for " + strings.Join(fields, ", ")
	}
	e.Cause = err
	return e
}

// find yields what the engine finds, as clients see it, and tells whether the caller wants more.
func (d *Documents) find(ctx context.Context, c Collection, q Query, yield func(Document, error) bool) bool {
	for doc, err := range d.engine.Find(ctx, c.Name, q) {
		if err != nil {
			yield("", err)
			return false
		}
		if !yield(c.Shown(doc), nil) {
			return false
		}
	}
	return true
}

// onlyValid is the filter with tombstones left out, whatever it says about isValid itself.
func onlyValid(f Filter) Filter {
	valid := Filter{Op: Ne, Path: "isValid", Value: "false"}
	if f = withoutIsValid(f); f.Op == And {
		return Filter{Op: And, All: append(f.All[:len(f.All):len(f.All)], valid)}
	}
	return Filter{Op: And, All: []Filter{f, valid}}
}

// withoutIsValid is the filter with conditions on isValid replaced by ones that always hold, and made ready for many documents.
func withoutIsValid(f Filter) Filter {
	if f.Op != And && f.Op != Or {
		if f.Path == "isValid" {
			return Filter{}
		}
		return f.prepared()
	}
	all := make([]Filter, len(f.All))
	for i, child := range f.All {
		all[i] = withoutIsValid(child)
	}
	f.All = all
	return f
}

// completeSort adds the key and the identifier, by which no two documents are equal; what Nightscout sorts by after it
// (created_at and date) can therefore make no difference.
func (c Collection) completeSort(keys []SortKey) []SortKey {
	if len(keys) > 0 && keys[0].Path == "identifier" {
		return keys
	}
	desc := len(keys) > 0 && keys[0].Desc
	keys = slices.Clone(keys)
	if path := c.KeyPath(); path != "identifier" {
		keys = append(keys, SortKey{path, desc})
	}
	return append(keys, SortKey{"identifier", desc})
}
