package daptin

import (
	"context"
	"net/http"
	"sync/atomic"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

// Server speaks Daptin's websocket protocols.
type Server struct {
	options Options
	secrets secrets
	conns   wire.Conns
	views   realtime.Shared[string, *view]
	forms   realtime.Shared[formKey, *realtime.Form]
	silent  *realtime.Form // of sessions that hear nothing
	opened  atomic.Int64   // sessions so far, for the frame that tells a typed client its number
}

// New returns a server whose connections listen to the hub.
func New(o Options) *Server {
	o = o.complete()
	return &Server{
		options: o,
		secrets: newSecrets(o.Secrets),
		silent:  realtime.NewForm(func(storage.Change) realtime.Frame { return nil }),
	}
}

// Handler upgrades the requests of clients.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// PublishHandler is the HTTP twin of new-message: POST /action/world/publish_to_topic.
func (s *Server) PublishHandler() http.Handler { return http.HandlerFunc(s.servePublish) }

// Connections is how many there are.
func (s *Server) Connections() int { return s.conns.Len() }

// Close ends all connections, so that clients come back, and admits no more. It waits for them until ctx ends.
func (s *Server) Close(ctx context.Context) error { return s.conns.Close(ctx) }
