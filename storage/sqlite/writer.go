package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

const (
	// batchWrites is how many writes go into one transaction, with one fsync for all; a larger group has one of its own.
	batchWrites = 256
	// queueLength is how many groups wait; callers beyond that wait to be let in.
	queueLength = 1024
	// pruneEvery is how often the journal is pruned while nothing is written.
	pruneEvery = time.Minute
)

// writer is the one goroutine that writes. Its fields are its own, save the channels.
type writer struct {
	engine  *Engine
	conn    *sqlite.Conn
	queue   chan *request
	stopped chan struct{} // closed when the goroutine has ended
	options Options

	collections map[string]collection // as committed
	journal     journal               // as committed
	maxPages    int64                 // as set on the connection
	failing     bool                  // the last transaction failed
	closeErr    error
}

func newWriter(e *Engine, conn *sqlite.Conn, found contents, o Options) *writer {
	return &writer{
		engine: e, conn: conn, options: o,
		queue: make(chan *request, queueLength), stopped: make(chan struct{}),
		collections: found.collections, journal: found.journal,
	}
}

// loop serves the queue until the engine is closed, and then what is left in it.
func (w *writer) loop() {
	defer close(w.stopped)
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		select {
		case r := <-w.queue:
			w.commit(w.collect(r))
		case <-ticker.C:
			if w.journal.excess(w.options, w.now()) {
				w.commit(nil)
			}
		case <-w.engine.life.Done():
			w.drain()
			return
		}
	}
}

// drain finishes what was queued and closes the connection.
func (w *writer) drain() {
	for {
		select {
		case r := <-w.queue:
			w.commit(w.collect(r))
			continue
		default:
		}
		break
	}
	w.closeErr = errors.Join(once(w.conn, "PRAGMA wal_checkpoint(TRUNCATE)"), w.conn.Close())
}

// close waits for the goroutine; the engine's life has ended before.
func (w *writer) close() error {
	<-w.stopped
	return w.closeErr
}

// collect joins to the first group those that are waiting already.
func (w *writer) collect(first *request) []*request {
	var batch []*request
	writes := 0
	for r := first; ; {
		if r.state.CompareAndSwap(waiting, begun) {
			batch = append(batch, r)
			writes += max(len(r.writes), 1)
		}
		if writes >= batchWrites {
			return batch
		}
		select {
		case r = <-w.queue:
		default:
			return batch
		}
	}
}

// commit performs the groups in one transaction and answers them. When the transaction fails, all of them fail.
func (w *writer) commit(batch []*request) {
	t := &transaction{writer: w, conn: w.conn, collections: map[string]collection{}, journal: w.journal}
	err := t.perform(batch)
	if err != nil {
		w.rollback()
		for _, r := range batch {
			r.changes = nil
			if r.err == nil {
				r.err = unavailable(err)
			}
		}
	} else {
		w.publish(t)
	}
	w.report(err)
	for _, r := range batch {
		close(r.done)
	}
}

// publish makes what was committed known, before anybody is answered.
func (w *writer) publish(t *transaction) {
	for name, c := range t.collections {
		c.ticked = false
		if _, ok := w.collections[name]; !ok && c.exists {
			w.engine.tables.Store(name, t.table(name))
		}
		w.collections[name] = c
	}
	w.journal = t.journal
	w.engine.tail.append(t.changes)
}

// rollback ends a failed transaction, unless SQLite has done so itself.
func (w *writer) rollback() {
	if w.conn.AutocommitEnabled() {
		return
	}
	if err := run(w.conn, "ROLLBACK"); err != nil {
		w.options.Log.Error("a failed transaction cannot be taken back", "error", err)
	}
}

// report logs when writing begins to fail and when it works again, not every failure between.
func (w *writer) report(err error) {
	log := w.options.Log.With(slog.String("file", w.engine.path))
	switch {
	case err != nil && !w.failing && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultFull:
		log.Error("no room: the disk is full or the database has its greatest size; writes are refused, reads go on", "error", err)
	case err != nil && !w.failing:
		log.Error("writing fails; writes are refused, reads go on", "error", err)
	case err == nil && w.failing:
		log.Info("writes work again")
	}
	w.failing = err != nil
}

// applyLimit takes over a changed limit of the file's size.
func (w *writer) applyLimit() error {
	limit := w.engine.maxPages.Load()
	if limit == w.maxPages {
		return nil
	}
	n := limit
	if n <= 0 {
		n = 0xfffffffe // SQLite's own limit
	}
	if err := once(w.conn, fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
		return err
	}
	w.maxPages = limit
	return nil
}

func (w *writer) now() int64 { return w.options.Now().UnixMilli() }

// decide asks what becomes of a document. A panic there is the failure of that group alone.
func (w *writer) decide(write storage.Write, stored *storage.Stored, now int64) (next storage.Next, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.options.Log.Error("a write panicked", "collection", write.Collection, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("a write to %s panicked: %v", write.Collection, p)
		}
	}()
	return write.Decide(stored, now)
}
