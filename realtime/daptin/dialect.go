package daptin

import (
	"net/http"
	"slices"
)

// Dialect is a way to speak at /live.
type Dialect string

// The dialects: that of the published document, and today's. A connection that has not chosen speaks Doc.
const (
	Doc   Dialect = "doc"
	Typed Dialect = "typed"
)

// dialectOf is the dialect in which a connection begins. A pinned one never changes: the client has asked for it, or speaks
// Typed from the start.
func (s *Server) dialectOf(r *http.Request) (d Dialect, pinned bool) {
	q := r.URL.Query()
	switch Dialect(q.Get("protocol")) {
	case Doc:
		return Doc, true
	case Typed:
		return Typed, true
	}
	switch q.Get("v") {
	case "1":
		return Doc, true
	case "2":
		return Typed, true
	}
	return s.options.Protocol, s.options.Protocol == Typed
}

// typedVerbs are the methods that only the typed dialect has.
var typedVerbs = []string{"create-topicName", "destroy-topicName", "set-topic-permission", "get-topic-permission", "ping"}

// choose is the dialect in which a request is answered. The first request that shows one of them pins the connection to it,
// and a client that turns out to speak Typed is shown its session first (spec §12).
func (c *conn) choose(r request) Dialect {
	if c.pinned {
		return c.dialect
	}
	switch {
	case r.id.Text() != "" || slices.Contains(typedVerbs, r.method) || r.attributes.Get("topicName") != "":
		c.dialect, c.pinned = Typed, true
		c.greet()
	case published[r.method] != nil:
		c.pinned = true
	}
	return c.dialect
}
