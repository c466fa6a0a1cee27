package storage

import (
	"context"
	"iter"
)

// historySort puts documents that share a srvModified in the order in which clients want them: by date.
var historySort = []SortKey{{Path: "srvModified"}, {Path: "date"}, {Path: "identifier"}}

// History yields documents, deleted ones included, in ascending srvModified after (or, with inclusive, from) the given
// time in ms (spec nightscout-v3 §3, HISTORY). It yields at least limit documents when there are as many and never ends
// inside one srvModified, because that is where clients go on; 0: no limit. Errors: ErrNotFound (collection),
// *security.Forbidden, ErrUnavailable.
func (d *Documents) History(ctx context.Context, r Request, collection string, since int64, inclusive bool, limit int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		c, err := d.Collection(collection)
		if err == nil {
			err = d.checkList(ctx, r, c)
		}
		if err != nil {
			yield("", err)
			return
		}
		d.history(ctx, c, since, inclusive, limit, yield)
	}
}

func (d *Documents) history(ctx context.Context, c Collection, since int64, inclusive bool, limit int, yield func(Document, error) bool) {
	op := Gt
	if inclusive {
		op = Gte
	}
	q := Query{Filter: Filter{Op: op, Path: "srvModified", Value: IntValue(since)}, Sort: historySort, Limit: limit}
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
