package sqlite

import (
	"context"
	"errors"
	"sync"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// readerCount is how many reads go on at once; more wait. A read whose consumer is busy with what it got does not count.
const readerCount = 8

// readers is the pool of connections for reading. Each read sees the database as it is when it begins.
type readers struct {
	open  func() (*sqlite.Conn, error)
	slots chan struct{} // one is taken by every read that goes on

	mu     sync.Mutex
	idle   []*sqlite.Conn
	closed bool
}

func newReaders(open func() (*sqlite.Conn, error)) *readers {
	return &readers{open: open, slots: make(chan struct{}, readerCount)}
}

func (r *readers) take(ctx context.Context) (*sqlite.Conn, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	conn, err := r.idleOrNew()
	if err != nil {
		<-r.slots
	}
	return conn, err
}

func (r *readers) idleOrNew() (*sqlite.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	if n := len(r.idle); n > 0 {
		conn := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return conn, nil
	}
	return r.open()
}

// give takes a connection back.
func (r *readers) give(conn *sqlite.Conn) {
	r.mu.Lock()
	if r.closed || len(r.idle) >= readerCount {
		conn.Close() // nothing was written through it
	} else {
		r.idle = append(r.idle, conn)
	}
	r.mu.Unlock()
	<-r.slots
}

// aside calls f, the consumer of a read that holds a slot, without the slot: a consumer may be slow, or read itself.
func (r *readers) aside(f func()) {
	<-r.slots
	defer func() { r.slots <- struct{}{} }()
	f()
}

// close closes the connections that are not in use now, and the others when they come back.
func (r *readers) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, conn := range r.idle {
		conn.Close()
	}
	r.idle = nil
}

// read lends f a connection. It is interrupted when ctx ends or the engine is closed.
func (e *Engine) read(ctx context.Context, f func(*sqlite.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	joint, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	conn, err := e.readers.take(joint)
	if err == nil {
		err = e.readers.lend(joint, conn, f)
	}
	return e.readError(ctx, err)
}

// lend gives the connection back however f ends: f may run a consumer's code, and that may panic.
func (r *readers) lend(ctx context.Context, conn *sqlite.Conn, f func(*sqlite.Conn) error) (err error) {
	conn.SetInterrupt(ctx.Done())
	defer r.give(conn)
	defer func() {
		conn.SetInterrupt(nil)
		if !conn.AutocommitEnabled() {
			err = errors.Join(err, run(conn, "ROLLBACK"))
		}
	}()
	return f(conn)
}

// readError gives the failure of a read its kind.
func (e *Engine) readError(ctx context.Context, err error) error {
	switch {
	case err == nil || errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrGap):
		return err
	case e.life.Err() != nil:
		return unavailable(errClosed)
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return unavailable(err)
	}
}

// snapshot makes all statements of f see one state of the database.
func snapshot(conn *sqlite.Conn, f func() error) error {
	if err := run(conn, "BEGIN"); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err // lend ends the transaction
	}
	return run(conn, "COMMIT")
}
