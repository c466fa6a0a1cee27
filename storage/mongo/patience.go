package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/mongo/readpref"
)

// pingTime is how long a server that works for long may take to say that it is still there.
const pingTime = time.Second

var errSilent = errors.New("the database does not answer")

// patiently makes a call that may take longer than Options.Timeout, as a search through a large collection does, as long as
// the server is there: while it works, it is asked so again and again. A server that is silent is left.
func (e *Engine) patiently(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.watchOver(ctx, cancel)
	}()
	err := call(ctx)
	silent := context.Cause(ctx) == errSilent
	cancel(nil)
	<-done
	if err != nil && silent {
		return unavailable("waiting for the database", errSilent)
	}
	return err
}

// watchOver cancels a call when the server falls silent; it ends with the call.
func (e *Engine) watchOver(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(max(pingTime, e.options.Timeout-pingTime))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !e.present(ctx) {
				cancel(errSilent)
				return
			}
		}
	}
}

func (e *Engine) present(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	return e.client.Ping(ctx, readpref.Primary()) == nil
}
