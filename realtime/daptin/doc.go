// Package daptin is the face for clients of Daptin's websocket: /live, in the dialect of the published document and in
// today's typed one. Tables are the collections, the table user_account is the subjects, and user topics are
// storage.Topics. It owns the frames, what a row looks like, and the filters of subscriptions; who hears what is judged by the
// hub.
//
// Read server.go first, then conn.go and dialect.go. The protocol is specified in docs/spec/daptin-live.md; where this
// package means to differ is said in DEVIATIONS.md.
package daptin
