//go:build unix

package wire

import "syscall"

// writeNow writes what the system takes without waiting, and tells how much that was. What fails here fails again when the
// queue is written.
func writeNow(fd uintptr, frame []byte) int {
	n, err := syscall.Write(int(fd), frame)
	if err != nil {
		return 0
	}
	return n
}
