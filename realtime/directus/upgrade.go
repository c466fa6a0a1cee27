package directus

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"nightwire/realtime/wire"
	"nightwire/security"
)

// serve answers a request on the websocket's path. What lives on is not the handler's: a connection that waits for messages
// is not to keep the buffers of its request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !wire.IsUpgrade(r) {
		notFound(w, r)
		return
	}
	switch err := s.conns.Take(s.options.ConnLimit); {
	case errors.Is(err, wire.ErrFull):
		wire.Refuse(w, "403 Forbidden")
		return
	case err != nil:
		wire.Refuse(w, "503 Service Unavailable")
		return
	}
	version := s.options.Guard.Version()
	c := s.upgrade(w, r)
	if c == nil {
		s.conns.Give()
		return
	}
	go func() {
		defer s.conns.Give()
		c.run(version)
	}()
}

// upgrade makes a connection of a request; nil: it was refused. Authentication comes before the path is judged, as in the
// original.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) *conn {
	ctx, cancel := context.WithTimeout(r.Context(), judgeTimeout)
	defer cancel()
	admitted, err := s.admit(ctx, r)
	if err != nil {
		s.refuse(w, r, err)
		return nil
	}
	dialect, pinned, ok := s.dialectOf(r)
	if r.URL.Path != s.options.Path || !ok {
		badRequest(w)
		return nil
	}
	socket, err := wire.Accept(w, r, s.options.Wire)
	if err != nil {
		return nil // it has been answered
	}
	return s.newConn(socket, s.options.Address(r), admitted, dialect, pinned)
}

// refuse answers an upgrade that could not be authenticated.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, security.ErrUnauthenticated) {
		wire.Refuse(w, "401 Unauthorized")
		return
	}
	s.options.Log.Warn("websocket cannot be authenticated", "error", err, "address", s.options.Address(r))
	wire.Refuse(w, "503 Service Unavailable")
}

// badRequest is how the original answers upgrades on other paths.
func badRequest(w http.ResponseWriter) {
	const body = "Bad Request"
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, body) // whoever has gone does not need it
}

// notFound is how the original answers requests that are no upgrades.
func notFound(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, string(routeNotFound(r.URL.Path))) // whoever has gone does not need it
}
