package sqlite

import (
	"context"
	"iter"
	"unsafe"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// chunkBytes is how much is read ahead. A smaller result is read as a whole before the first document is handed out, so
// that a slow consumer does not hold a connection.
const chunkBytes = 1 << 20

// Find yields the documents that match, in the order of q.Sort.
func (e *Engine) Find(ctx context.Context, collection string, q storage.Query) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) {
		out := &chunk[storage.Document]{yield: yield, readers: e.readers}
		err := e.read(ctx, func(conn *sqlite.Conn) error {
			t := e.table(collection)
			if t == nil {
				return nil
			}
			return snapshot(conn, func() error {
				return find(conn, t, q, func(doc storage.Document) bool { return out.add(doc, len(doc)) })
			})
		})
		out.end(err)
	}
}

// chunk gathers documents, in one form or another, and hands them on.
type chunk[T any] struct {
	yield   func(T, error) bool
	readers *readers
	held    []T
	bytes   int
	stopped bool // the consumer wants no more
}

// add takes a document of that many bytes.
func (c *chunk[T]) add(doc T, size int) bool {
	c.held = append(c.held, doc)
	if c.bytes += size; c.bytes >= chunkBytes {
		c.readers.aside(c.flush)
	}
	return !c.stopped
}

// end hands on what is left, and the error with which the read ended, if any.
func (c *chunk[T]) end(err error) {
	if c.flush(); !c.stopped && err != nil {
		var none T
		c.yield(none, err)
	}
}

func (c *chunk[T]) flush() {
	held := c.held
	c.held, c.bytes = nil, 0
	for _, doc := range held {
		if c.stopped = c.stopped || !c.yield(doc, nil); c.stopped {
			return
		}
	}
}

// find reads, matches, sorts and pages.
func find(conn *sqlite.Conn, t *table, q storage.Query, emit func(storage.Document) bool) error {
	odd, err := readOdd(conn, t.name)
	if err != nil {
		return err
	}
	p := planFor(q, odd)
	stmt, err := p.prepare(conn, t, "doc", "")
	if err != nil {
		return err
	}
	s := newSorter(q, p.order == identifier, emit)
	if err := scan(stmt, p, &q, s); err != nil {
		return err
	}
	s.flush()
	return stmt.Reset()
}

// scan feeds the matching documents to the sorter, in runs of equal rank, until it has enough.
func scan(stmt *sqlite.Stmt, p plan, q *storage.Query, s *sorter) error {
	var buffer []byte
	var last rank
	for !s.full() {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if p.order >= 0 && !s.streams {
			if r := readRank(stmt, 1); r != last {
				last = r
				if s.flush(); s.full() {
					return nil
				}
			}
		}
		if n := stmt.ColumnLen(0); n > cap(buffer) {
			buffer = make([]byte, n, 2*n)
		}
		buffer = buffer[:stmt.ColumnBytes(0, buffer[:cap(buffer)])]
		// The text is only looked at until the next row; the sorter copies what it keeps.
		view := storage.Document(unsafe.String(unsafe.SliceData(buffer), len(buffer)))
		if q.Filter.Match(view) {
			s.add(view)
		}
	}
	return nil
}

// rank is the value of the column by which rows are ordered. Numbers are doubles here: that two which differ only beyond
// a double's precision are taken for one rank merely makes the sorter put them in order.
type rank struct {
	kind   sqlite.ColumnType
	number float64
	text   string
}

func readRank(stmt *sqlite.Stmt, column int) rank {
	switch kind := stmt.ColumnType(column); kind {
	case sqlite.TypeInteger, sqlite.TypeFloat:
		return rank{kind: sqlite.TypeFloat, number: stmt.ColumnFloat(column)}
	case sqlite.TypeText:
		return rank{kind: kind, text: stmt.ColumnText(column)}
	default:
		return rank{kind: kind}
	}
}
