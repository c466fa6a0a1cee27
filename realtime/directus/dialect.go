package directus

import (
	"net/http"
)

// dialectOf is the dialect that an upgrade asks for with ?dialect=, else the server's. A pinned one never changes; ok is
// false for a dialect that is not spoken.
func (s *Server) dialectOf(r *http.Request) (d Dialect, pinned, ok bool) {
	switch d := Dialect(r.URL.Query().Get("dialect")); d {
	case "":
		return s.options.Dialect, s.options.Dialect == Core, true
	case Legacy, V3:
		return d, true, true
	case Core:
		return d, true, !s.options.NoCore
	default:
		return "", false, false
	}
}

// choose notes the dialect that a message shows its sender to speak, and returns the connection's. Once it is core it stays
// core.
func (c *conn) choose(r request) Dialect {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.pinned && c.dialect != Core && !c.server.options.NoCore && r.showsCore() {
		c.dialect = Core
	}
	return c.dialect
}

// spoken is the connection's dialect.
func (c *conn) spoken() Dialect {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialect
}

// showsCore tells messages that only clients of the core dialect send (spec §8).
func (r request) showsCore() bool {
	switch r.kind {
	case "auth", "items", "ping", "pong":
		return true
	case "subscribe":
		return r.body.Get("event") != "" || r.body.Get("item") != ""
	default:
		return false
	}
}
