package sqlite

import (
	"errors"
	"fmt"
	"runtime/debug"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// transaction is one commit in the making. Nothing of it is seen by others before it has succeeded.
type transaction struct {
	*writer
	conn        *sqlite.Conn
	collections map[string]collection // those that were touched
	journal     journal
	changes     []storage.Change
}

// perform runs the transaction. Groups that are refused have their err set; a returned error is the failure of all.
func (t *transaction) perform(batch []*request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the writer panicked: %v\n%s", p, debug.Stack())
		}
	}()
	if err := t.applyLimit(); err != nil {
		return err
	}
	if err := run(t.conn, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, r := range batch {
		if err := t.group(r); err != nil {
			return err
		}
	}
	if err := t.saveCollections(); err != nil {
		return err
	}
	if err := t.prune(); err != nil {
		return err
	}
	return run(t.conn, "COMMIT")
}

// group performs one request. A single write needs no savepoint: it either is refused before anything is
// changed, or fails the transaction.
func (t *transaction) group(r *request) error {
	if r.message != nil {
		return t.tell(r.message)
	}
	if len(r.writes) == 1 {
		return t.refused(r, t.writeAll(r))
	}
	before := t.mark()
	if err := run(t.conn, "SAVEPOINT request"); err != nil {
		return err
	}
	err := t.writeAll(r)
	if err != nil {
		if err := t.refused(r, err); err != nil {
			return err
		}
		t.reset(before)
		if err := run(t.conn, "ROLLBACK TO request"); err != nil {
			return err
		}
	}
	return run(t.conn, "RELEASE request")
}

// refused notes a refusal in the request, and passes on any other error.
func (t *transaction) refused(r *request, err error) error {
	var no refusal
	if !errors.As(err, &no) {
		return err
	}
	r.err, r.changes = no.error, nil
	return nil
}

func (t *transaction) writeAll(r *request) error {
	first := t.journal.head + 1
	r.changes = make([]storage.Change, 0, len(r.writes))
	for i, w := range r.writes {
		change, err := t.write(w)
		if err != nil {
			return err
		}
		change.Group, change.Last = string(t.cursor(first)), i == len(r.writes)-1
		if err := t.enter(&change, first); err != nil {
			return err
		}
		r.changes = append(r.changes, change)
	}
	return nil
}

// collection is a collection as it stands in this transaction.
func (t *transaction) collection(name string) collection {
	if c, ok := t.collections[name]; ok {
		return c
	}
	return t.writer.collections[name]
}

// table is the layout of a collection, existing or not.
func (t *transaction) table(name string) *table {
	if known := t.engine.table(name); known != nil {
		return known
	}
	return newTable(name)
}

// saveCollections stores clocks and odd columns.
func (t *transaction) saveCollections() error {
	for name, c := range t.collections {
		stmt, err := t.conn.Prepare(`INSERT INTO _collections (name, clock, odd) VALUES (?1, ?2, ?3)
			ON CONFLICT (name) DO UPDATE SET clock = ?2, odd = ?3`)
		if err != nil {
			return err
		}
		stmt.BindText(1, name)
		stmt.BindInt64(2, c.clock)
		stmt.BindInt64(3, int64(c.odd))
		if err := finish(stmt); err != nil {
			return err
		}
	}
	return nil
}
