package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	"zombiezen.com/go/sqlite"
)

// Backup writes a copy of the database, as it is at the start of the call, into a new file, while reads and writes go on.
// A file that exists is not overwritten. The copy begins a new journal epoch: after it has been put back, cursors from the
// time since it was made must not be mistaken for places in it.
func (e *Engine) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("the backup %s is there already: %w", path, os.ErrExist)
	}
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the remains of an earlier backup are in the way: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(partial)))
		}
	}()
	if err := e.copyInto(ctx, partial); err != nil {
		return fmt.Errorf("writing the backup %s: %w", path, err)
	}
	if err := renewEpoch(partial); err != nil {
		return fmt.Errorf("writing the backup %s: %w", path, err)
	}
	return os.Rename(partial, path)
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (e *Engine) copyInto(ctx context.Context, path string) error {
	if err := private(path); err != nil { // SQLite takes an empty file for a new one
		return err
	}
	return e.read(ctx, func(*sqlite.Conn) error {
		conn, err := sqlite.OpenConn(e.path, sqlite.OpenReadWrite) // readers of the pool must not write, not even elsewhere
		if err != nil {
			return err
		}
		conn.SetInterrupt(ctx.Done())
		stmt, _, err := conn.PrepareTransient(`VACUUM INTO ?1`)
		if err == nil {
			stmt.BindText(1, path)
			_, err = stmt.Step()
			err = errors.Join(err, stmt.Finalize())
		}
		return errors.Join(err, conn.Close())
	})
}

func renewEpoch(path string) error {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	err = once(conn, fmt.Sprintf(`UPDATE _meta SET epoch = '%s'`, newEpoch()))
	return errors.Join(err, conn.Close())
}
