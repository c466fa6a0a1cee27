package sqlite

import (
	"context"
	"sync/atomic"

	"nightwire/storage"
)

// request is one group of writes, or a message, on its way through the writer.
type request struct {
	writes  []storage.Write
	message *storage.Message // nil: there are writes
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
	r, err := e.submitWrites(ctx, group)
	if err != nil {
		return nil, err
	}
	return r.wait(ctx, e.writer.stopped)
}

// ApplyEach queues the writes one behind the other, so that they share transactions, and waits for all of them.
func (e *Engine) ApplyEach(ctx context.Context, writes ...storage.Write) []storage.Applied {
	applied := make([]storage.Applied, len(writes))
	requests := make([]*request, len(writes))
	for i := range writes {
		requests[i], applied[i].Err = e.submitWrites(ctx, writes[i:i+1:i+1])
	}
	for i, r := range requests {
		if r == nil {
			continue
		}
		changes, err := r.wait(ctx, e.writer.stopped)
		if applied[i].Err = err; err == nil {
			applied[i].Change = changes[0]
		}
	}
	return applied
}

func (e *Engine) submitWrites(ctx context.Context, group []storage.Write) (*request, error) {
	for _, w := range group {
		if err := checkName(w.Collection); err != nil {
			return nil, err
		}
	}
	return e.submit(ctx, &request{writes: group, done: make(chan struct{})})
}

// submit puts a request into the writer's queue.
func (e *Engine) submit(ctx context.Context, r *request) (*request, error) {
	if e.life.Err() != nil {
		return nil, unavailable(errClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err // the queue may have room, and select may choose it
	}
	select {
	case e.writer.queue <- r:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.life.Done():
		return nil, unavailable(errClosed)
	}
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
