package sqlite

import (
	"context"
	"fmt"
	"iter"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// Head is the cursor of the newest change.
func (e *Engine) Head(ctx context.Context) (storage.Cursor, error) {
	if e.life.Err() != nil {
		return "", unavailable(errClosed)
	}
	return cursor(e.epoch, e.tail.head()), ctx.Err()
}

// Changes yields the changes after a cursor and waits for more. When the engine is closed it ends with ErrUnavailable.
func (e *Engine) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		seq, err := e.begin(ctx, after)
		for err == nil {
			var page []storage.Change
			if page, err = e.next(ctx, seq); err != nil {
				break
			}
			for _, c := range page {
				if ctx.Err() != nil || !yield(c, nil) {
					return
				}
			}
			seq += int64(len(page))
		}
		if ctx.Err() == nil {
			yield(storage.Change{}, err)
		}
	}
}

// begin is the number of the change that a cursor stands for; its successor is the first to be read.
func (e *Engine) begin(ctx context.Context, after storage.Cursor) (int64, error) {
	if after != "" {
		seq, err := parseCursor(e.epoch, after)
		if err == nil && seq > e.tail.head() {
			err = fmt.Errorf("the cursor %s is of the future: %w", after, storage.ErrGap)
		}
		return seq, err
	}
	seq := e.tail.head()
	err := e.read(ctx, func(conn *sqlite.Conn) error {
		return each(conn, `SELECT min(seq) FROM _journal`, func(stmt *sqlite.Stmt) error {
			if !stmt.ColumnIsNull(0) {
				seq = min(seq, stmt.ColumnInt64(0)-1)
			}
			return nil
		})
	})
	return seq, err
}

// next is the page of changes that follow seq; it waits for them.
func (e *Engine) next(ctx context.Context, seq int64) ([]storage.Change, error) {
	for {
		page, first, more := e.tail.after(seq)
		switch {
		case len(page) > 0:
			return page, nil
		case seq+1 < first:
			return e.older(ctx, seq, first)
		case e.life.Err() != nil:
			return nil, unavailable(errClosed)
		}
		select {
		case <-more:
		case <-e.life.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// older reads a page from the disk: changes after seq and before the first one in memory.
func (e *Engine) older(ctx context.Context, seq, first int64) (page []storage.Change, err error) {
	err = e.read(ctx, func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare(`SELECT ` + changeColumns + ` FROM _journal WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3`)
		if err != nil {
			return err
		}
		stmt.BindInt64(1, seq)
		stmt.BindInt64(2, first)
		stmt.BindInt64(3, pageChanges)
		page, err = e.readPage(stmt, seq+1)
		return err
	})
	return page, err
}

// readPage reads changes that follow each other from the expected number on, up to a good megabyte of them.
func (e *Engine) readPage(stmt *sqlite.Stmt, expected int64) (page []storage.Change, err error) {
	for bytes := 0; bytes < chunkBytes; {
		row, err := stmt.Step()
		if err != nil {
			return nil, err
		}
		if !row {
			break
		}
		change, seq := readChange(stmt, e.epoch)
		if seq != expected {
			break
		}
		page = append(page, change)
		bytes += weight(change)
		expected++
	}
	if err := stmt.Reset(); err != nil {
		return nil, err
	}
	if len(page) == 0 {
		return nil, fmt.Errorf("change %d is no longer in the journal: %w", expected, storage.ErrGap)
	}
	return page, nil
}
