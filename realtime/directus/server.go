package directus

import (
	"context"
	"net/http"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

// Server speaks Directus's websocket protocols.
type Server struct {
	options Options
	topics  topics
	memory  *memory
	conns   wire.Conns
	silent  *realtime.Form // of sessions that hear nothing
}

// New returns a server whose connections listen to the hub.
func New(o Options) *Server {
	return &Server{
		options: o.complete(),
		memory:  newMemory(),
		silent:  realtime.NewForm(func(storage.Change) realtime.Frame { return nil }),
	}
}

// Handler upgrades the requests of clients.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Connections is how many there are.
func (s *Server) Connections() int { return s.conns.Len() }

// Close ends all connections, so that clients come back, and admits no more. It waits for them until ctx ends.
func (s *Server) Close(ctx context.Context) error { return s.conns.Close(ctx) }
