package sqlite

import (
	"context"
	"iter"
	"slices"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// Collections are the names of all collections.
func (e *Engine) Collections(ctx context.Context) (names []string, err error) {
	err = e.read(ctx, func(conn *sqlite.Conn) error {
		return each(conn, `SELECT name FROM _collections`, func(stmt *sqlite.Stmt) error {
			names = append(names, stmt.ColumnText(0))
			return nil
		})
	})
	slices.Sort(names)
	return names, err
}

// Dump yields the documents of a collection as they are at the start of the call, in the order in which they were made.
func (e *Engine) Dump(ctx context.Context, collection string) iter.Seq2[storage.Dumped, error] {
	return func(yield func(storage.Dumped, error) bool) {
		out := &chunk[storage.Dumped]{yield: yield, readers: e.readers}
		out.end(e.read(ctx, func(conn *sqlite.Conn) error {
			t := e.table(collection)
			if t == nil {
				return nil
			}
			stmt, err := conn.Prepare(`SELECT ` + rowColumns + `, id FROM ` + t.quoted + ` ORDER BY n`)
			if err != nil {
				return err
			}
			for {
				more, err := stmt.Step()
				if err != nil || !more {
					return err
				}
				r := readRow(stmt)
				if !out.add(storage.NewDumped(stmt.ColumnText(4), r.Stored), len(r.Document)) {
					return stmt.Reset()
				}
			}
		}))
	}
}
