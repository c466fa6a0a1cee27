// Package socketio speaks Socket.IO with the clients of Nightscout: the namespace /storage, on which every create, update and
// delete of a document is told to whoever subscribed, and the namespace /alarm, on which alarms and announcements are
// (specification nightscout-v3 §4).
//
// Three layers, from the wire up: engineio carries text packets; the Socket.IO library (zishang520/socket.io) keeps
// namespaces, sockets, rooms and acknowledgements; this package admits to the library only packets that cannot harm it
// (inbound.go, peer.go), and holds a hub session per socket of a namespace (listener.go; storage.go and alarm.go are what the namespaces differ in). Events do not go through the library:
// the hub encodes a change once (event.go), and its bytes are queued on each connection as they are.
//
// It differs from the original on purpose in this: an access token that is no longer known shuts its socket out, and a
// permission that is lost stops the events; an event of more than 64 KiB, a namespace's name of more than 512 bytes and
// more than 20 bad tokens a minute from one address end the connection; what is sent with a connect is not kept; binary
// events are passed over; nothing is compressed; a client that does not take its events is cut.
//
// On /alarm there is no "All Clear" 20 s after the start; only sockets that subscribed hear; with a known access token no
// right is needed to hear, otherwise api:*:read, judged at each event; whoever acknowledges needs notifications:*:ack at that
// moment, and subscribing twice does not acknowledge twice; bad credentials are not answered late but counted, as bad tokens
// are. What is silenced is kept across restarts, for 24 hours at most, and a level and group that are silenced as long already
// are not cleared again.
//
// Read server.go first, then listener.go and peer.go.
package socketio
