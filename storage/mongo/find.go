package mongo

import (
	"context"
	"iter"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

const (
	// readAhead is how much is read ahead. A smaller result is read as a whole before the first document is handed out, so
	// that a slow consumer does not hold a cursor.
	readAhead = 1 << 20
	// maxBatch is how many documents the server is asked for at once.
	maxBatch = 1000
	// forgetTime is how long the end of a cursor may take. The server ends it by itself in the end.
	forgetTime = time.Second
)

// Find yields the documents that match, in the order of q.Sort. A collection that is not there has none.
func (e *Engine) Find(ctx context.Context, collection string, q storage.Query) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) {
		if e.life.Err() != nil {
			yield("", unavailable("searching", errClosed))
			return
		}
		open, cancel := e.whileOpen(ctx)
		defer cancel()
		out := &chunk{yield: yield}
		err := e.find(open, collection, q, out.add)
		if err != nil && e.life.Err() != nil {
			err = unavailable("searching", errClosed)
		}
		if out.flush(); !out.stopped && err != nil {
			yield("", failed(ctx, "searching", err))
		}
	}
}

// chunk gathers documents and hands them on.
type chunk struct {
	yield   func(storage.Document, error) bool
	held    []storage.Document
	bytes   int
	stopped bool // the consumer wants no more
}

func (c *chunk) add(doc storage.Document) bool {
	c.held = append(c.held, doc)
	if c.bytes += len(doc); c.bytes >= readAhead {
		c.flush()
	}
	return !c.stopped
}

func (c *chunk) flush() {
	held := c.held
	c.held, c.bytes = nil, 0
	for _, doc := range held {
		if c.stopped = c.stopped || !c.yield(doc, nil); c.stopped {
			return
		}
	}
}

// find reads, matches, sorts and pages.
func (e *Engine) find(ctx context.Context, collection string, q storage.Query, emit func(storage.Document) bool) error {
	c := e.db.Collection(e.physical(collection))
	p, err := e.planFor(ctx, c, q)
	if err != nil {
		return err
	}
	if p.paged {
		q.Skip, q.Limit = 0, 0
	}
	pager := newPager(q, p.ordered, emit)
	err = e.fetch(ctx, c, p, func(doc storage.Document) bool {
		if q.Filter.Match(doc) {
			pager.add(doc)
		}
		return !pager.full()
	})
	if err == nil {
		pager.flush()
	}
	return err
}

// plan is how the server is asked.
type plan struct {
	filter  bson.D
	options *options.FindOptions
	ordered bool // documents come in the order of the first sort key
	paged   bool // and the server has skipped and limited them
}

// planFor leaves to the server what it does as we would: it narrows, it orders by the first sort key, for which it may have
// an index, and it pages where that is all.
func (e *Engine) planFor(ctx context.Context, c *mongo.Collection, q storage.Query) (plan, error) {
	var failure error
	asked := map[string]bool{}
	plain := func(path string) bool {
		yes, known := asked[path]
		if !known && failure == nil {
			yes, failure = e.isPlain(ctx, c, path)
			asked[path] = yes && failure == nil
		}
		return yes && failure == nil
	}
	n := translator{plain}.translate(&q.Filter)
	p := plan{filter: n.filter, options: options.Find().SetBatchSize(batchSize(q))}
	if len(q.Sort) > 0 && sortable(q.Sort[0].Path) && plain(q.Sort[0].Path) {
		p.ordered = true
		p.options.SetSort(bson.D{{Key: q.Sort[0].Path, Value: direction(q.Sort[0])}}).SetAllowDiskUse(true)
	}
	if p.paged = n.exact && len(q.Sort) <= 1 && p.ordered == (len(q.Sort) > 0); p.paged {
		p.options.SetSkip(int64(q.Skip)).SetLimit(int64(q.Limit))
	}
	return p, failure
}

// batchSize is how many documents are likely to be enough.
func batchSize(q storage.Query) int32 {
	if want := q.Skip + q.Limit; q.Limit > 0 && want < maxBatch {
		return int32(want + 1) // one more shows that a run has ended
	}
	return maxBatch
}

// sortable tells whether the server sorts by a path as we do, where it is plain. What it takes for the value of a document
// whose arrays the path leads through depends on its version.
func sortable(path string) bool { return sameForServer(path) && !strings.Contains(path, ".") }

func direction(k storage.SortKey) int {
	if k.Desc {
		return -1
	}
	return 1
}

// fetch reads documents until use wants no more.
func (e *Engine) fetch(ctx context.Context, c *mongo.Collection, p plan, use func(storage.Document) bool) error {
	var cursor *mongo.Cursor
	err := e.patiently(ctx, func(ctx context.Context) (err error) {
		cursor, err = c.Find(ctx, p.filter, p.options)
		return err
	})
	if err != nil {
		return err
	}
	defer e.closeCursor(ctx, cursor)
	for {
		more, err := e.advance(ctx, cursor)
		if err != nil || !more {
			return err
		}
		r, err := decode(cursor.Current)
		if err != nil || !use(r.doc) {
			return err
		}
	}
}

// advance goes to the next document, which may have to be fetched.
func (e *Engine) advance(ctx context.Context, cursor *mongo.Cursor) (more bool, err error) {
	if cursor.RemainingBatchLength() > 0 {
		return cursor.Next(ctx), cursor.Err()
	}
	err = e.patiently(ctx, func(ctx context.Context) error {
		more = cursor.Next(ctx)
		return cursor.Err()
	})
	return more, err
}

// closeCursor lets the server forget a cursor; that this fails concerns nobody but the server, which forgets it later.
func (e *Engine) closeCursor(ctx context.Context, cursor *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTime)
	defer cancel()
	if err := cursor.Close(ctx); err != nil {
		e.options.Log.Debug("closing a cursor", "error", err)
	}
}
