package wire

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// calm is how long a connection must have had nothing to do for a frame to be written at once, by whoever sends it. That
// spares the goroutine that would write it. In a burst that goroutine costs less, since it writes many frames in one system
// call.
const calm = 2 * time.Millisecond

// attempt is one try to write without waiting.
type attempt struct {
	frame   Frame
	written int
	write   func(fd uintptr) (done bool)
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.write = func(fd uintptr) bool {
		a.written = writeNow(fd, a.frame)
		return true
	}
	return a
}}

// Direct writes as much of a frame as the system takes at once, and returns the rest. It takes nothing in a burst, and of a
// connection that is no plain TCP connection.
func (l *Link) Direct(f Frame) (rest Frame) {
	now := time.Now()
	busy := now.Sub(l.last) < calm
	l.last = now
	if busy || l.raw == nil || !l.unhurried(now) {
		return f
	}
	a := attempts.Get().(*attempt)
	defer attempts.Put(a)
	a.frame, a.written = f, 0
	err := l.raw.Write(a.write)
	a.frame = nil
	if err != nil {
		return f
	}
	return f[a.written:]
}

// unhurried takes away a deadline that has passed; the system would not even try to write.
func (l *Link) unhurried(now time.Time) bool {
	if l.deadline.IsZero() || now.Before(l.deadline) {
		return true
	}
	l.deadline = time.Time{}
	return l.conn.SetWriteDeadline(time.Time{}) == nil
}

// rawConn is the connection for Direct; nil when it is no plain TCP connection.
func rawConn(c net.Conn) syscall.RawConn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
