// Package engineio is an Engine.IO server, revisions 3 and 4, over long polling and WebSocket. The Socket.IO library sits on
// top of it through its public Bind, in place of the library's own engine, which loses messages, has no limits and can be
// killed by a client.
//
// It owns connections: handshake, heartbeat, one bounded queue per connection, the change from polling to WebSocket, and how
// a connection ends. It knows nothing of Socket.IO packets, namespaces or documents.
//
// A connection has one queue, whatever its transport, and one lock. Whoever sends appends to the queue; the transport in
// charge takes batches from its front. The change of transport is one assignment under that lock, so nothing can be lost,
// doubled or overtaken by it.
//
// Read conn.go first, then polling.go and websocket.go.
package engineio
