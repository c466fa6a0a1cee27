//go:build !unix

package wire

// writeNow leaves everything to the queue.
func writeNow(uintptr, []byte) int { return 0 }
