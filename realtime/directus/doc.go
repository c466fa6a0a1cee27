// Package directus speaks the websocket protocols of Directus at /websocket: the two published dialects of its extension and
// the realtime that is part of its core (docs/spec/directus-websocket.md). It owns the messages, the query language and the
// shape of rows; documents and rights are storage's, connections wire's, who hears what realtime's.
//
// A request comes in at upgrade.go (who may connect: auth.go) and becomes a conn (conn.go), which decodes each message
// (request.go), chooses its dialect (dialect.go) and hands it to extension.go (legacy and v3: write.go, listen.go) or to
// core.go. All of them read and write through items.go and refuse with the faults of errors.go. What a client wants to see
// is a query (query.go) of rows (row.go).
//
// A subscription (subscription.go) hears a topic. Equal topics share one form (topics.go), and topics of the same query one
// view of each change (view.go), from which event.go makes the frames.
package directus
