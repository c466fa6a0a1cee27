package storage

import (
	"context"
	"time"
)

// allowance is the time that an engine has for one search. Its context ends, with the cause ErrSlow, when it is used up.
type allowance struct {
	timer *time.Timer // nil: there is no limit
	left  time.Duration
	since time.Time // when the timer was last started
	end   context.CancelCauseFunc
}

// allow starts the clock; 0 is no limit. The allowance is to be closed.
func allow(ctx context.Context, limit time.Duration) (context.Context, *allowance) {
	if limit == 0 {
		return ctx, &allowance{}
	}
	ctx, end := context.WithCancelCause(ctx)
	a := &allowance{left: limit, since: time.Now(), end: end}
	a.timer = time.AfterFunc(limit, func() { end(ErrSlow) })
	return ctx, a
}

// pause stops the clock while the engine waits for others.
func (a *allowance) pause() {
	if a.timer != nil && a.timer.Stop() {
		a.left -= time.Since(a.since)
	}
}

// resume lets the clock go on.
func (a *allowance) resume() {
	if a.timer != nil {
		a.since = time.Now()
		a.timer.Reset(max(a.left, 0))
	}
}

func (a *allowance) close() {
	if a.timer != nil {
		a.timer.Stop()
		a.end(nil)
	}
}
