package sqlite

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// contents is what the engine must know of a database before it can write to it.
type contents struct {
	epoch       string
	collections map[string]collection
	journal     journal
}

// tailLength is how many of the newest changes are compared with the documents at the start.
const tailLength = 64

// inspect reads the contents, and compares the newest changes of the journal with the documents.
func inspect(conn *sqlite.Conn) (c contents, err error) {
	if c.epoch, err = ask(conn, `SELECT epoch FROM _meta`); err != nil {
		return c, err
	}
	if c.epoch == "" {
		return c, errors.New("the journal has no epoch")
	}
	if c.collections, err = readCollections(conn); err != nil {
		return c, err
	}
	if c.journal, err = readJournal(conn); err != nil {
		return c, err
	}
	return c, checkTail(conn, c, tailLength)
}

func readCollections(conn *sqlite.Conn) (map[string]collection, error) {
	found := map[string]collection{}
	err := each(conn, `SELECT name, clock, odd FROM _collections`, func(stmt *sqlite.Stmt) error {
		found[stmt.ColumnText(0)] = collection{exists: true, clock: stmt.ColumnInt64(1), odd: oddSet(stmt.ColumnInt64(2))}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, c := range found {
		if err := checkName(name); err != nil {
			return nil, err
		}
		// Documents may bear a later time than any that was given out here: imported ones do.
		err := each(conn, `SELECT max("srvModified") FROM `+newTable(name).quoted, func(stmt *sqlite.Stmt) error {
			c.clock = max(c.clock, stmt.ColumnInt64(0))
			return nil
		})
		if err != nil {
			return nil, err
		}
		found[name] = c
	}
	return found, nil
}

func readJournal(conn *sqlite.Conn) (j journal, err error) {
	err = each(conn, `SELECT seq, total, time FROM _journal ORDER BY seq LIMIT 1`, func(stmt *sqlite.Stmt) error {
		j.oldest = entry{stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnInt64(2)}
		return nil
	})
	if err != nil {
		return j, err
	}
	err = each(conn, `SELECT seq, total FROM _journal ORDER BY seq DESC LIMIT 1`, func(stmt *sqlite.Stmt) error {
		j.head, j.total = stmt.ColumnInt64(0), stmt.ColumnInt64(1)
		return nil
	})
	return j, err
}

// checkTail makes sure that so many of the newest changes follow each other, and that each is the last word on its document.
func checkTail(conn *sqlite.Conn, c contents, length int) error {
	expected := c.journal.head
	judged := map[[2]string]bool{}
	sql := fmt.Sprintf(`SELECT %s FROM _journal ORDER BY seq DESC LIMIT %d`, changeColumns, length)
	return each(conn, sql, func(stmt *sqlite.Stmt) error {
		change, seq := readChange(stmt, c.epoch)
		if seq != expected {
			return fmt.Errorf("change %d is missing in the journal", expected)
		}
		expected--
		if change.Kind == storage.Tell {
			return nil // there is no document of it
		}
		key := [2]string{change.Collection, change.Identifier}
		if judged[key] {
			return nil
		}
		judged[key] = true
		judged[[2]string{change.Collection, change.Before.Identifier()}] = true
		return checkChange(conn, c, change, seq)
	})
}

func checkChange(conn *sqlite.Conn, c contents, change storage.Change, seq int64) error {
	if !c.collections[change.Collection].exists {
		return fmt.Errorf("change %d is of a collection that does not exist", seq)
	}
	r, found, err := lookupText(conn, newTable(change.Collection).byIdentifier, change.Identifier)
	if err != nil {
		return err
	}
	if found != (change.After != "") || found && (r.Document != change.After || r.Revision != change.Revision) {
		return fmt.Errorf("change %d of the journal does not fit its document", seq)
	}
	return nil
}
