package users

import (
	"context"
	"net/http"

	"golang.org/x/time/rate"

	"nightwire/realtime"
	"nightwire/realtime/wire"
)

// Server speaks the event protocol.
type Server struct {
	options  Options
	origins  Origins
	form     *realtime.Form // of all sessions: an event is the same for everybody
	conns    wire.Conns
	life     context.Context // until the server is closed
	over     func()          // ends it
	losses   *losses
	refusals *rate.Limiter // of lines in the log
}

// New returns a server whose connections listen to the hub. Errors: those of Config.Compile.
func New(o Options) (*Server, error) {
	o = o.complete()
	origins, err := o.Config.Compile()
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, origins: origins, form: realtime.NewForm(encode), losses: newLosses(o.Log), refusals: rate.NewLimiter(1, 20),
	}
	s.life, s.over = context.WithCancel(context.Background())
	return s, nil
}

// Handler upgrades the requests of clients, whatever their path. It is for a listener of its own.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Connections is how many approved clients there are.
func (s *Server) Connections() int { return s.conns.Len() }

// Close ends all connections, so that clients come back, and admits no more. It waits for them until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	s.over()
	err := s.conns.Close(ctx)
	s.losses.report()
	return err
}
