package wire

import (
	"context"
	"errors"
	"sync"
)

// The ways in which Conns has no place for a connection.
var (
	ErrFull    = errors.New("too many connections")
	ErrClosing = errors.New("going away")
)

// Conns are the connections of one server. Each takes a place before it is upgraded, and gives it back when nothing of it is
// left. The zero value has none.
type Conns struct {
	mu      sync.Mutex
	open    map[*Conn]struct{}
	places  int // that are taken, by connections and by those that are being upgraded
	closing bool
	ended   sync.WaitGroup // of the places
}

// Take takes a place, unless so many are taken; 0: as many as there may be. Errors: ErrFull, ErrClosing.
func (s *Conns) Take(limit int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return ErrClosing
	case limit > 0 && s.places >= limit:
		return ErrFull
	}
	s.places++
	s.ended.Add(1)
	return nil
}

// Give gives a place back.
func (s *Conns) Give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places--
	s.ended.Done()
}

// Enter makes a connection known to Close, until it leaves. One that comes while the server is closing is closed.
func (s *Conns) Enter(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[*Conn]struct{})
	}
	s.open[c] = struct{}{}
	if s.closing {
		c.Close(GoingAway, "")
	}
}

// Leave forgets a connection.
func (s *Conns) Leave(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// Places is how many places are taken.
func (s *Conns) Places() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.places
}

// Len is how many connections there are.
func (s *Conns) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Close ends all connections, so that clients come back, and admits no more. It waits for them until ctx ends.
func (s *Conns) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for c := range s.open {
		c.Close(GoingAway, "")
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ended.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
