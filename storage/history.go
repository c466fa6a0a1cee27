package storage

import (
	"cmp"
	"context"
	"iter"
	"math"
)

// historySort puts documents that share a srvModified in the order in which clients want them: by date.
var historySort = []SortKey{{Path: "srvModified"}, {Path: "date"}, {Path: "identifier"}}

// History yields documents, deleted ones included, in ascending srvModified after (or, with inclusive, from) the given
// time in ms (spec nightscout-v3 §3, HISTORY). Documents without srvModified, which other programs wrote, have their place
// by the date that stands in for it (unstamped.go). It yields at least limit documents when there are as many and never
// ends inside one srvModified, because that is where clients go on; 0: no limit. What is too new for all earlier writes to
// be visible already (Settler) comes next time. Errors: ErrNotFound (collection), *security.Forbidden, ErrUnavailable.
func (d *Documents) History(ctx context.Context, r Request, collection string, since int64, inclusive bool, limit int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		c, err := d.Collection(collection)
		if err == nil {
			err = d.checkList(ctx, r, c)
		}
		p := past{since: since, inclusive: inclusive}
		if err == nil {
			p.until, err = d.settled(ctx, c)
		}
		if err != nil {
			yield("", err)
			return
		}
		d.history(ctx, c, p, limit, yield)
	}
}

// past is the stretch of time that a page of HISTORY is taken from, in ms.
type past struct {
	since     int64
	inclusive bool  // of since
	until     int64 // inclusive
}

// settled is up to when nothing can still turn up.
func (d *Documents) settled(ctx context.Context, c Collection) (until int64, err error) {
	if s, ok := d.engine.(Settler); ok {
		return s.Settle(ctx, c.Name)
	}
	return math.MaxInt64, nil
}

func (d *Documents) history(ctx context.Context, c Collection, p past, limit int, yield func(Document, error) bool) {
	// The reads without srvModified begin first: a document that is written meanwhile, and gets one, is not missed.
	streams := append(d.unstamped(ctx, c, p), d.stamped(ctx, c, p, limit))
	count := 0
	var last Value
	for doc, err := range merged(historyOrder, streams...) {
		if err == nil && limit > 0 && count >= limit && !doc.Get("srvModified").Equal(last) {
			return
		}
		if count++; count == limit {
			last = doc.Get("srvModified")
		}
		if !yield(doc, err) || err != nil {
			return
		}
	}
}

// historyOrder compares by historySort.
func historyOrder(a, b Document) int {
	return cmp.Or(
		Compare(a.Get("srvModified"), b.Get("srvModified")),
		Compare(a.Get("date"), b.Get("date")),
		Compare(a.Get("identifier"), b.Get("identifier")),
	)
}

// stamped yields the documents that have a srvModified, in order: as many as the limit, and the rest of the last one's
// moment. 0: no limit.
func (d *Documents) stamped(ctx context.Context, c Collection, p past, limit int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		q := Query{Filter: p.filter("srvModified"), Sort: historySort, Limit: limit}
		var page lastMoment
		count := 0
		more := d.find(ctx, c, q, func(doc Document, err error) bool {
			if err == nil {
				count++
				page.add(doc)
			}
			return yield(doc, err)
		})
		if !more || limit == 0 || count < limit {
			return
		}
		rest := Query{Filter: Filter{Op: Eq, Path: "srvModified", Value: page.modified}, Sort: historySort}
		d.find(ctx, c, rest, func(doc Document, err error) bool {
			return err == nil && page.identifiers[doc.Identifier()] || yield(doc, err)
		})
	}
}

// filter is the condition that a number lies in that time.
func (p past) filter(path string) Filter {
	after := Filter{Op: Gt, Path: path, Value: IntValue(p.since)}
	if p.inclusive {
		after.Op = Gte
	}
	if p.until == math.MaxInt64 {
		return after
	}
	return Filter{All: []Filter{after, {Op: Lte, Path: path, Value: IntValue(p.until)}}}
}

// lastMoment remembers which documents of the newest srvModified were yielded.
type lastMoment struct {
	modified    Value
	identifiers map[string]bool
}

func (l *lastMoment) add(doc Document) {
	if modified := doc.Get("srvModified"); modified != l.modified {
		l.modified, l.identifiers = modified, map[string]bool{}
	}
	l.identifiers[doc.Identifier()] = true
}
