package directus

import (
	"context"
	"sync/atomic"
)

const (
	// smallAnswer is how many bytes an answer may have for which there is always room.
	smallAnswer = 1 << 20
	// largeAnswers is how many larger ones are made at once; others wait. Each is held several times over meanwhile.
	largeAnswers = 2
	// maxUnsent is how many bytes of large answers may wait for slow clients before others are refused.
	maxUnsent = 256 << 20
)

// memory is the room for the large answers of all connections of a server.
type memory struct {
	places chan struct{} // taken
	unsent atomic.Int64  // bytes of answers that clients have not taken yet
}

func newMemory() *memory { return &memory{places: make(chan struct{}, largeAnswers)} }

// claim is what one connection has of it. It belongs to the message that is being worked on.
type claim struct {
	memory *memory
	ctx    context.Context // of the message
	wanted context.Context // of the connection
	large  bool            // a place is taken
	unsent int64           // bytes of its answer
}

// enlarge takes a place, once, and waits for one. Errors: errUnavailable, those of the contexts.
func (c *claim) enlarge() error {
	if c.large {
		return nil
	}
	if c.memory.unsent.Load() > maxUnsent {
		return errUnavailable
	}
	select {
	case c.memory.places <- struct{}{}:
		c.large = true
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	case <-c.wanted.Done():
		return c.wanted.Err()
	}
}

// queued notes what was queued for the client.
func (c *claim) queued(size int) {
	if c.large {
		c.unsent += int64(size)
		c.memory.unsent.Add(int64(size))
	}
}

// settle gives the place back and, when taken has waited for the client to take the answer, its bytes too.
func (c *claim) settle(taken func()) {
	if !c.large {
		return
	}
	<-c.memory.places
	taken()
	c.memory.unsent.Add(-c.unsent)
	c.large, c.unsent = false, 0
}
