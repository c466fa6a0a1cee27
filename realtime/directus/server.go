package directus

import (
	"context"
	"net/http"
	"sync"
)

// Server speaks Directus's websocket protocols.
type Server struct {
	options Options
	topics  topics
	memory  *memory

	mu      sync.Mutex
	conns   map[*conn]struct{}
	places  int // that are taken, by connections and by those that are being upgraded
	closing bool
	ended   sync.WaitGroup // of the places
}

// New returns a server whose connections listen to the hub.
func New(o Options) *Server {
	return &Server{options: o.complete(), memory: newMemory(), conns: make(map[*conn]struct{})}
}

// Handler upgrades the requests of clients.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Connections is how many there are.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// goingAway is the close code of a server that stops.
const goingAway = 1001

// Close ends all connections, so that clients come back, and admits no more. It waits for them until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for c := range s.conns {
		c.wire.Close(goingAway, "")
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

// take takes a place for a connection, which give gives back. Without one, status is the line that refuses.
func (s *Server) take() (status string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch limit := s.options.ConnLimit; {
	case s.closing:
		return "503 Service Unavailable", false
	case limit > 0 && s.places >= limit:
		return "403 Forbidden", false
	}
	s.places++
	s.ended.Add(1)
	return "", true
}

func (s *Server) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places--
	s.ended.Done()
}

// enter makes a connection known to Close. One that comes while the server is closing is closed.
func (s *Server) enter(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	if s.closing {
		c.wire.Close(goingAway, "")
	}
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}
