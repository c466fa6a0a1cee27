package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

const (
	restore = "put a backup in the database's place"
	rewrite = "export the database, import it into a new directory, and write to the author of the program"
)

// Check looks over the whole file: its pages and indexes, every document and its columns, and the journal.
func (e *Engine) Check(ctx context.Context, report func(storage.Flaw) bool) error {
	return e.read(ctx, func(conn *sqlite.Conn) error {
		return snapshot(conn, func() error { return (&check{conn, report, false}).all(e.epoch) })
	})
}

// check is one look over the file.
type check struct {
	conn    *sqlite.Conn
	report  func(storage.Flaw) bool
	stopped bool
}

func (c *check) flaw(where, remedy, format string, args ...any) {
	c.stopped = c.stopped || !c.report(storage.Flaw{Where: where, What: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (c *check) all(epoch string) error {
	sound, err := c.pages()
	if err != nil || !sound {
		return err // what is read from damaged pages is no use
	}
	collections, err := readCollections(c.conn)
	if err != nil {
		return err
	}
	for name, state := range collections {
		if err := c.documents(name, state.odd); err != nil || c.stopped {
			return err
		}
	}
	if err := c.journal(epoch, collections); err != nil || c.stopped {
		return err
	}
	return c.clocks()
}

// pages lets SQLite check its own structures.
func (c *check) pages() (sound bool, err error) {
	sound = true
	err = each(c.conn, `PRAGMA integrity_check(50)`, func(stmt *sqlite.Stmt) error {
		if text := stmt.ColumnText(0); text != "ok" && !c.stopped {
			sound = false
			c.flaw(FileName, restore, "%s", text)
		}
		return nil
	})
	if code := sqlite.ErrCode(err).ToPrimary(); code == sqlite.ResultCorrupt || code == sqlite.ResultNotADB {
		c.flaw(FileName, restore, "%v", err)
		return false, nil
	}
	return sound, err
}

// documents checks every row of a collection by itself; that identifiers and ids are unique is the indexes' affair.
func (c *check) documents(name string, odd oddSet) error {
	t, err := readTable(c.conn, name)
	if err != nil {
		return err
	}
	sql := `SELECT ` + rowColumns + `, id`
	for _, column := range columns[:t.width] {
		sql += ", " + column.quoted()
	}
	stmt, err := c.conn.Prepare(sql + ` FROM ` + t.quoted + ` ORDER BY n`)
	if err != nil {
		return err
	}
	for !c.stopped {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if what := wrong(stmt, t.width, odd); what != "" {
			c.flaw(name, rewrite, "document %.80q: %s", stmt.ColumnText(5+identifier), what)
		}
	}
	return stmt.Reset()
}

// wrong says what is wrong with a row of rowColumns, id and that many of the columns; "": nothing.
func wrong(stmt *sqlite.Stmt, width int, odd oddSet) string {
	r := readRow(stmt)
	canonical, err := storage.Decode([]byte(r.Document))
	switch {
	case err != nil:
		return "it is no JSON: " + err.Error()
	case storage.Document(canonical) != r.Document || canonical.Type() != storage.Object:
		return "it is not written as the program writes documents"
	case r.Revision < 1:
		return fmt.Sprintf("it has revision %d", r.Revision)
	case r.Foreign && stmt.ColumnText(4) == "":
		return "it has neither an identifier of its own nor an _id"
	}
	v, its := valuesOf(r.Document)
	if its&^odd != 0 {
		return "a field has a type that its collection is said not to have"
	}
	for i, value := range v[:width] {
		if !columnHolds(stmt, 5+i, value) {
			return fmt.Sprintf("the column %s does not agree with it", columns[i].name)
		}
	}
	return ""
}

func columnHolds(stmt *sqlite.Stmt, column int, v storage.Value) bool {
	switch v.Type() {
	case storage.Number:
		if n, ok := v.Int(); ok {
			return stmt.ColumnType(column) == sqlite.TypeInteger && stmt.ColumnInt64(column) == n
		}
		return stmt.ColumnType(column) == sqlite.TypeFloat && stmt.ColumnFloat(column) == v.Float()
	case storage.String:
		return stmt.ColumnType(column) == sqlite.TypeText && stmt.ColumnText(column) == v.Text()
	default:
		return stmt.ColumnType(column) == sqlite.TypeNull
	}
}

// checkedChanges is how many of the newest changes are compared with their documents.
const checkedChanges = 100_000

// journal checks that the changes follow each other, and that the newest ones fit the documents.
func (c *check) journal(epoch string, collections map[string]collection) error {
	expected, total := int64(0), int64(0)
	err := each(c.conn, `SELECT seq, total, kind, grp FROM _journal ORDER BY seq`, func(stmt *sqlite.Stmt) error {
		seq := stmt.ColumnInt64(0)
		switch kind := storage.Kind(stmt.ColumnText(2)); {
		case c.stopped:
		case expected != 0 && seq != expected:
			c.flaw("journal", restore, "changes %d to %d are missing", expected, seq-1)
		case stmt.ColumnInt64(1) <= total:
			c.flaw("journal", restore, "change %d does not add to the journal's size", seq)
		case stmt.ColumnInt64(3) > seq:
			c.flaw("journal", restore, "change %d belongs to a later one", seq)
		case kind != storage.Create && kind != storage.Update && kind != storage.Delete && kind != storage.Prune && kind != storage.Tell:
			c.flaw("journal", restore, "change %d is of an unknown kind %.20q", seq, kind)
		}
		expected, total = seq+1, stmt.ColumnInt64(1)
		return nil
	})
	if err != nil || c.stopped {
		return err
	}
	found := contents{epoch: epoch, collections: collections}
	if found.journal, err = readJournal(c.conn); err != nil {
		return err
	}
	if err := checkTail(c.conn, found, checkedChanges); err != nil {
		c.flaw("journal", restore, "%v", err)
	}
	return nil
}

// clocks checks that no collection's clock is behind a time that was given out.
func (c *check) clocks() error {
	return each(c.conn, `SELECT name, clock, max(time) FROM _journal JOIN _collections ON collection = name GROUP BY name`, func(stmt *sqlite.Stmt) error {
		if clock, newest := stmt.ColumnInt64(1), stmt.ColumnInt64(2); clock < newest && !c.stopped {
			c.flaw(stmt.ColumnText(0), restore, "its clock stands at %d, behind a change of %d", clock, newest)
		}
		return nil
	})
}
