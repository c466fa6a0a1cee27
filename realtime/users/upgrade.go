package users

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nightwire/realtime/wire"
)

const (
	// judgeTimeout is how long finding out about a token may take.
	judgeTimeout = 10 * time.Second
	// badRequest is the answer to a handshake that cannot be answered, with the one header that the original sends.
	badRequest = "400 Bad Request\r\nContent-type: text/html"
	// maxOrigin is how many bytes of an Origin are logged.
	maxOrigin = 200
)

// serve answers a request. What lives on is not the handler's: a connection that waits for messages is not to keep the buffers
// of its request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case !wire.IsUpgrade(r) || r.ProtoMajor != 1:
		servePlain(w, r)
	case !wellFormed(r):
		wire.RefuseSaying(w, badRequest, "")
	case s.conns.Take(0) != nil:
		s.turnAway(w, r)
	default:
		if c := s.upgrade(w, r); c != nil {
			go func() {
				defer s.conns.Give()
				c.run()
			}()
			return
		}
		s.conns.Give()
	}
}

// servePlain answers who is no WebSocket client: over TLS the original is a little more polite.
func servePlain(w http.ResponseWriter, r *http.Request) {
	answer := "Upgrade Required"
	if r.TLS != nil {
		w.Header()["Content-Type"] = nil
		answer = "All glory to WebSockets!\n"
	} else {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.WriteHeader(http.StatusUpgradeRequired)
	}
	_, _ = io.WriteString(w, answer) // a client that has gone needs no answer
}

// wellFormed tells whether a handshake can be answered. The frames of version 8 are those of 13.
func wellFormed(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	version := strings.TrimSpace(r.Header.Get("Sec-WebSocket-Version"))
	return err == nil && len(key) == 16 && r.Method == http.MethodGet && (version == "13" || version == "8")
}

// upgrade makes a connection of a request; nil: it was refused. The connection hears what happens from before its client is
// told that it has one.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) *conn {
	version := s.options.Guard.Version()
	ctx, cancel := context.WithTimeout(r.Context(), judgeTimeout)
	defer cancel()
	shown, err := s.identify(ctx, r)
	if err != nil {
		s.logRefusal(r, err)
		s.turnAway(w, r)
		return nil
	}
	c := s.newConn(shown, version)
	socket, err := s.accept(w, r)
	if err != nil { // it has been answered
		c.session.Leave()
		return nil
	}
	c.attach(socket)
	return c
}

func (s *Server) accept(w http.ResponseWriter, r *http.Request) (*wire.Conn, error) {
	o := s.options.Wire
	o.EchoClose = true
	o.Oversize = func() { s.losses.note(tooLarge) }
	if offered := wire.Subprotocols(r); len(offered) > 0 {
		o.Subprotocol = offered[0]
	}
	r.Header.Set("Sec-WebSocket-Version", "13") // it may be 8, which the library does not know
	return wire.Accept(w, r, o)
}

// turnAway refuses a client as the original does: it is upgraded, and its TCP connection ends. Clients that would take an HTTP
// status for an error and for an end come back twice for each time that they are refused (spec §2).
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request) {
	socket, err := s.accept(w, r)
	if err != nil {
		return // it has been answered
	}
	defer context.AfterFunc(s.life, func() { socket.Cut(nil) })()
	socket.HangUp()
}

// logRefusal logs a refusal, in the original's words where it is the Origin's fault. Many at once are logged in part: anybody
// can cause them.
func (s *Server) logRefusal(r *http.Request, why error) {
	if !s.refusals.Allow() {
		return
	}
	if why != errNotApproved {
		s.options.Log.Warn("event socket cannot be authenticated", "error", why, "address", s.options.Address(r))
		return
	}
	s.options.Log.Warn(fmt.Sprintf("A connection was made by %s but it is not on the approved domain list. "+
		"Make sure the host is on the approvedSocketDomains parameter in the config file.", loggedOrigin(r)),
		"address", s.options.Address(r))
}

// loggedOrigin is the Origin for the log: in one line, and not too long.
func loggedOrigin(r *http.Request) string {
	if r.Header.Values("Origin") == nil {
		return "undefined"
	}
	origin := originOf(r)
	if len(origin) > maxOrigin {
		origin = origin[:maxOrigin] + "..."
	}
	quoted := strconv.Quote(origin)
	return quoted[1 : len(quoted)-1]
}
