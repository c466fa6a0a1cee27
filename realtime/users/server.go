package users

import (
	"context"
	"net/http"

	"nightwire/realtime/wire"
)

// Server speaks the event protocol.
type Server struct {
	options Options
	origins Origins
	conns   wire.Conns
}

// New returns a server whose connections listen to the hub. Errors: those of Config.Compile.
func New(o Options) (*Server, error) {
	o = o.complete()
	origins, err := o.Config.Compile()
	if err != nil {
		return nil, err
	}
	return &Server{options: o, origins: origins}, nil
}

// Handler upgrades the requests of clients, whatever their path. It is for a listener of its own.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Connections is how many approved clients there are.
func (s *Server) Connections() int { return s.conns.Len() }

// Close ends all connections, so that clients come back, and admits no more. It waits for them until ctx ends.
func (s *Server) Close(ctx context.Context) error { return s.conns.Close(ctx) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusUpgradeRequired)
}
