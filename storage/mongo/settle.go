package mongo

import (
	"context"
	"math"
	"time"

	"nightwire/storage"
)

var _ storage.Settler = (*Engine)(nil)

// Settle tells up to which srvModified a collection is settled; see storage.Settler. A node alone keeps its writes in order
// itself. With others at work, what is younger than the holdback may still be overtaken: by a write that another node has
// stamped and not finished, or whose clock is behind ours.
func (e *Engine) Settle(ctx context.Context, collection string) (until int64, err error) {
	if e.life.Err() != nil {
		return 0, unavailable("settling", errClosed)
	}
	others, err := e.others(ctx)
	if err != nil {
		return 0, failed(ctx, "settling", err)
	}
	if len(others) == 0 {
		return math.MaxInt64, nil
	}
	// Later than this nothing was stamped that is there now; a wrong time in the future is not waited for.
	newest, err := e.newest(ctx, collection, e.clocks.present()+maxLead)
	if err != nil {
		return 0, failed(ctx, "settling", err)
	}
	holdback := e.options.Holdback.Milliseconds()
	if young := newest - (e.clocks.present() - holdback); young > 0 {
		if err := wait(ctx, time.Duration(young)*time.Millisecond); err != nil {
			return 0, err
		}
	}
	return max(newest, e.clocks.present()-holdback), nil
}

func (e *Engine) newest(ctx context.Context, collection string, limit int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	return newestModified(ctx, e.db.Collection(e.physical(collection)), limit)
}
