package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// run executes a statement for its effect.
func run(conn *sqlite.Conn, sql string) error {
	stmt, err := conn.Prepare(sql)
	if err != nil {
		return err
	}
	return finish(stmt)
}

// finish executes a statement whose values are bound, for its effect.
func finish(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	if err != nil {
		return err // Step has reset it
	}
	return stmt.Reset()
}

// once executes a statement that is not needed again.
func once(conn *sqlite.Conn, sql string) error {
	stmt, _, err := conn.PrepareTransient(sql)
	if err != nil {
		return err
	}
	_, err = stmt.Step()
	if e := stmt.Finalize(); err == nil {
		err = e
	}
	return err
}

// script executes statements in turn, none of which is needed again.
func script(conn *sqlite.Conn, statements ...string) error {
	for _, sql := range statements {
		if err := once(conn, sql); err != nil {
			return err
		}
	}
	return nil
}

// ask executes a statement that is not needed again and returns its first value as text.
func ask(conn *sqlite.Conn, sql string) (answer string, err error) {
	err = each(conn, sql, func(stmt *sqlite.Stmt) error {
		answer = stmt.ColumnText(0)
		return nil
	})
	return answer, err
}

// each executes a statement that is not needed again and calls f for every row.
func each(conn *sqlite.Conn, sql string, f func(*sqlite.Stmt) error) (err error) {
	stmt, _, err := conn.PrepareTransient(sql)
	if err != nil {
		return err
	}
	defer func() {
		if e := stmt.Finalize(); err == nil {
			err = e
		}
	}()
	for {
		row, err := stmt.Step()
		if err != nil || !row {
			return err
		}
		if err := f(stmt); err != nil {
			return err
		}
	}
}

// pragma sets a pragma and makes sure that it took: SQLite says nothing when it does not.
func pragma(conn *sqlite.Conn, name, value, want string) error {
	if err := once(conn, fmt.Sprintf("PRAGMA %s = %s", name, value)); err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	got, err := ask(conn, "PRAGMA "+name)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if got != want {
		return fmt.Errorf("setting %s to %s: it stays %s", name, want, got)
	}
	return nil
}
