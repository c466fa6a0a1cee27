package realtimetest

import (
	"testing"

	"nightwire/realtime"
	"nightwire/security"
	"nightwire/storage"
)

// Collection is the free collection, with counted identifiers, that the suite writes to.
const Collection = "todo"

// House is a protocol's server over real TCP with all that it needs, as the protocol's tests build it.
type House struct {
	URL         func(token string) string // the ws:// address for a client that shows this token
	Guard       *security.Guard
	Documents   *storage.Documents // with Collection
	Connections func() int         // of the protocol's server
	Stop        func()             // closes the protocol's server, and returns when it has nothing left; the rest lives on
}

// Protocol is how the suite drives one protocol.
type Protocol struct {
	// Open builds a house that ends with the test. Its hub follows what wrap makes of the engine.
	Open func(t *testing.T, wrap func(realtime.Journal) realtime.Journal) *House
	// Subscribe subscribes to all of Collection and returns when the client has been told so, or a request behind it was
	// answered. It waits with Client.Await.
	Subscribe func(c *Client)
	// Keys are the identifiers of the documents that a message tells about, in order: an event, or a snapshot. A message of
	// another kind has none.
	Keys func(message []byte) []string
}

// Run checks all that must hold.
func Run(t *testing.T, p Protocol) {
	for _, check := range []struct {
		name string
		run  func(*testing.T, Protocol)
	}{
		{"once and in order", onceAndInOrder},
		{"nothing lost", nothingLost},
		{"groups together", groupsTogether},
		{"revoked right", revokedRight},
		{"subject removed", subjectRemoved},
		{"slow reader", slowReader},
		{"journal fails", journalFails},
		{"server stops", serverStops},
		{"nothing left", nothingLeft},
	} {
		t.Run(check.name, func(t *testing.T) { check.run(t, p) })
	}
}
