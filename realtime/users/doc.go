// Package users is the face for clients of the Webinate users server's event socket: a listener of its own, whose clients are
// approved by their Origin. It tells every approved client about accounts and about the documents that it may read, echoes
// what clients send, and keeps the free-form meta of subjects. It owns the frames and the approval; who hears of what is
// judged by the hub.
//
// Read server.go first, then conn.go and request.go. The protocol is specified in docs/spec/users-events.md; where this package
// means to differ is said in DEVIATIONS.md.
package users
