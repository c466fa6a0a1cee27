// Package directus speaks the websocket protocols of Directus at /websocket: the two published dialects of its extension and
// the realtime that is part of its core (docs/spec/directus-websocket.md). It owns the messages, the query language and the
// shape of rows; documents and rights are storage's, connections wire's, who hears what realtime's.
package directus
