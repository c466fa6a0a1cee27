// Package realtimetest is what every protocol of plain WebSockets must guarantee to whoever listens, as one suite that is run
// with a protocol's own client.
//
// Read protocol.go first.
package realtimetest
