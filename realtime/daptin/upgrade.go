package daptin

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/security"
)

// serve answers a request on the path of the websocket. What lives on is not the handler's: a connection that waits for
// messages is not to keep the buffers of its request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !wire.IsUpgrade(r) {
		wire.RefuseSaying(w, "400 Bad Request", "not websocket protocol")
		return
	}
	if err := s.conns.Take(0); err != nil {
		wire.Refuse(w, "503 Service Unavailable")
		return
	}
	version := s.options.Guard.Version()
	live := s.upgrade(w, r)
	if live == nil {
		s.conns.Give()
		return
	}
	go func() {
		defer s.conns.Give()
		live(version)
	}()
}

// upgrade makes a connection of a request and returns what it does until it ends; nil: it was refused. Whoever is not
// authenticated is upgraded too, to be told so (spec §2).
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) func(version uint64) {
	opts := s.options.Wire
	offered := wire.Subprotocols(r)
	if len(offered) > 1 {
		wire.Refuse(w, "400 Bad Request")
		return nil
	}
	if len(offered) == 1 {
		opts.Subprotocol = strings.Clone(offered[0]) // or the connection would keep its request
	}
	ctx, cancel := context.WithTimeout(r.Context(), judgeTimeout)
	defer cancel()
	shown, err := s.authenticate(ctx, r)
	if err != nil && !errors.Is(err, security.ErrUnauthenticated) {
		s.options.Log.Warn("websocket cannot be authenticated", "error", err, "address", s.options.Address(r))
		wire.Refuse(w, "503 Service Unavailable")
		return nil
	}
	stranger := err != nil
	socket, err := wire.Accept(w, r, opts)
	if err != nil {
		return nil // it has been answered
	}
	dialect, pinned := s.dialectOf(r)
	if stranger {
		return func(uint64) { s.turnAway(socket, dialect) }
	}
	return s.newConn(socket, shown, dialect, pinned).run
}

// turnAway tells a client that it has shown no good token, and closes its connection.
func (s *Server) turnAway(socket *wire.Conn, d Dialect) {
	s.conns.Enter(socket)
	defer s.conns.Leave(socket)
	socket.Send(wire.Text([]byte(unauthorized[d])))
	socket.Close(wire.PolicyViolation, "unauthorized")
	socket.Run(func([]byte) {})
}

// unauthorized is the frame for who has shown no good token. The blank is the original's.
var unauthorized = map[Dialect]string{Doc: `unauthorized`, Typed: `{"message": "unauthorized"}`}

// authenticate finds out who asks. Errors: those of realtime.Identify; security.ErrUnauthenticated too when nothing was shown.
func (s *Server) authenticate(ctx context.Context, r *http.Request) (realtime.Credential, error) {
	token := s.tokenOf(r)
	if token == "" {
		return realtime.Credential{}, security.ErrUnauthenticated
	}
	return realtime.Identify(ctx, s.options.Guard, s.options.Address(r), token)
}
