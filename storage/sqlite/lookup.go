package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// row is a stored document with its place.
type row struct {
	storage.Stored
	n int64 // 0: none
}

// Get finds one document by key.
func (e *Engine) Get(ctx context.Context, collection string, key storage.Key) (storage.Stored, error) {
	var found row
	err := e.read(ctx, func(conn *sqlite.Conn) error {
		t := e.table(collection)
		if t == nil {
			return storage.ErrNotFound
		}
		return snapshot(conn, func() error {
			odd, err := readOdd(conn, collection)
			if err != nil {
				return err
			}
			r, ok, err := lookup(conn, t, odd, key)
			if err == nil && !ok {
				err = storage.ErrNotFound
			}
			found = r
			return err
		})
	})
	return found.Stored, err
}

// readOdd reads which columns of a collection are odd.
func readOdd(conn *sqlite.Conn, collection string) (odd oddSet, err error) {
	stmt, err := conn.Prepare(`SELECT odd FROM _collections WHERE name = ?1`)
	if err != nil {
		return 0, err
	}
	stmt.BindText(1, collection)
	if _, err := stmt.Step(); err != nil {
		return 0, err
	}
	odd = oddSet(stmt.ColumnInt64(0))
	return odd, stmt.Reset()
}

// lookup tries the parts of a key in their order.
func lookup(conn *sqlite.Conn, t *table, odd oddSet, key storage.Key) (r row, found bool, err error) {
	if key.Identifier != "" {
		if r, found, err = lookupText(conn, t.byIdentifier, key.Identifier); found || err != nil {
			return r, found, err
		}
	}
	if key.ID != "" {
		sql := t.byID
		if key.ForeignID {
			sql = t.byForeignID
		}
		if r, found, err = lookupText(conn, sql, key.ID); found || err != nil {
			return r, found, err
		}
	}
	if len(key.Fallback) > 0 {
		return lookupFallback(conn, t, odd, key.Fallback)
	}
	return row{}, false, nil
}

func lookupText(conn *sqlite.Conn, sql, text string) (r row, found bool, err error) {
	stmt, err := conn.Prepare(sql)
	if err != nil {
		return r, false, err
	}
	stmt.BindText(1, text)
	if found, err = stmt.Step(); err != nil {
		return r, false, err
	}
	if found {
		r = readRow(stmt)
	}
	return r, found, stmt.Reset()
}

// lookupFallback finds the oldest document without an identifier of its own that is equal in all these fields.
func lookupFallback(conn *sqlite.Conn, t *table, odd oddSet, fields []storage.Field) (row, bool, error) {
	var filter storage.Filter
	for _, f := range fields {
		filter.All = append(filter.All, storage.Filter{Op: storage.Eq, Path: f.Name, Value: f.Value})
	}
	p := planFor(storage.Query{Filter: filter}, odd)
	if p.index == "" {
		p.index = "foreign"
	}
	stmt, err := p.prepare(conn, t, rowColumns, "own = 0")
	if err != nil {
		return row{}, false, err
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return row{}, false, err
		}
		if r := readRow(stmt); filter.Match(r.Document) {
			return r, true, stmt.Reset()
		}
	}
}

// readRow reads a row of rowColumns.
func readRow(stmt *sqlite.Stmt) row {
	return row{n: stmt.ColumnInt64(0), Stored: storage.Stored{
		Foreign:  !stmt.ColumnBool(1),
		Revision: stmt.ColumnInt64(2),
		Document: storage.Document(stmt.ColumnText(3)),
	}}
}
