package sqlite

import (
	"context"
	"sync/atomic"

	"nightwire/storage"
)

// request is one group of writes on its way through the writer.
type request struct {
	writes  []storage.Write
	state   atomic.Int32
	done    chan struct{} // closed when changes and err are set
	changes []storage.Change
	err     error
}

// The states of a request. From waiting it is either begun, by the writer, or withdrawn, by its caller.
const (
	waiting = iota
	begun
	withdrawn
)

// Apply performs the writes in one atomic step. When ctx ends before the step has begun, nothing is done and ctx's error
// is returned; once begun, it is waited for.
func (e *Engine) Apply(ctx context.Context, group ...storage.Write) ([]storage.Change, error) {
	if len(group) == 0 {
		return nil, nil
	}
	for _, w := range group {
		if err := checkName(w.Collection); err != nil {
			return nil, err
		}
	}
	if e.life.Err() != nil {
		return nil, unavailable(errClosed)
	}
	r := &request{writes: group, done: make(chan struct{})}
	select {
	case e.writer.queue <- r:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.life.Done():
		return nil, unavailable(errClosed)
	}
	return r.wait(ctx, e.writer.stopped)
}

func (r *request) wait(ctx context.Context, stopped <-chan struct{}) ([]storage.Change, error) {
	select {
	case <-r.done:
		return r.changes, r.err
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, withdrawn) {
			return nil, ctx.Err()
		}
	case <-stopped:
		if r.state.CompareAndSwap(waiting, withdrawn) {
			return nil, unavailable(errClosed)
		}
	}
	<-r.done
	return r.changes, r.err
}
