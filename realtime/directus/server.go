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

	mu      sync.Mutex
	conns   map[*conn]struct{}
	closing bool
	ended   sync.WaitGroup // of the connections
}

// New returns a server whose connections listen to the hub.
func New(o Options) *Server {
	return &Server{options: o.complete(), conns: make(map[*conn]struct{})}
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

// enter takes a place for a connection; false: the server is closing.
func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.conns[c] = struct{}{}
	s.ended.Add(1)
	return true
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.ended.Done()
}

// refuses tells that there is no place for another connection, and the status line that says so.
func (s *Server) refuses() (status string, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch limit := s.options.ConnLimit; {
	case s.closing:
		return "503 Service Unavailable", true
	case limit > 0 && len(s.conns) >= limit:
		return "403 Forbidden", true
	default:
		return "", false
	}
}
