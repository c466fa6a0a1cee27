package daptin

import "sync/atomic"

// counter counts from 1 on.
type counter struct{ n atomic.Int64 }

func (c *counter) next() int64 { return c.n.Add(1) }
