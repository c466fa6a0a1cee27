// Package wire is what the plain WebSockets share: the upgrade and its refusal, limits, pings, the bounded outbox, frames
// that many sockets share, and the ways in which a connection ends. It knows no protocol and no document.
//
// Read conn.go first.
package wire
