// Package realtime is everyone who listens now. It reads the engine's journal once, in order, and hands each change to the
// sessions that subscribed to its collection and may still read it, encoded once per protocol.
//
// It owns the hub, sessions and subscriptions. It knows no wire format and no socket: those are the protocols' packages
// below it (socketio), which join the hub with a Client per connection. It writes nothing but the Guard's version.
//
// Read hub.go first, then session.go.
package realtime
