package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// ErrSlow is a client that did not take what was written to it, or let too much wait.
var ErrSlow = errors.New("slow reader")

const (
	// windows is into how many parts a write's timeout is divided, to see whether any of them brought progress.
	windows = 4
	// tlsPiece is how much is written to a TLS connection at a time. Such a connection cannot go on after a timeout, so that
	// progress is seen only between pieces.
	tlsPiece = 16 << 10
)

// Link writes frames to a TCP or TLS connection as they are, many in one system call. One goroutine at a time may write.
type Link struct {
	conn     net.Conn
	raw      syscall.RawConn // nil when conn is no plain TCP connection
	last     time.Time       // when a frame was last sent
	deadline time.Time       // of writing
}

// NewLink returns the link of a hijacked connection.
func NewLink(conn net.Conn) *Link { return &Link{conn: conn, raw: rawConn(conn)} }

// Write writes frames. A client that takes nothing for the timeout is ErrSlow.
func (l *Link) Write(batch []Frame, timeout time.Duration) error {
	if _, sealed := l.conn.(*tls.Conn); sealed {
		return l.writePieces(batch, timeout)
	}
	rest := make(net.Buffers, len(batch))
	for i, f := range batch {
		rest[i] = f
	}
	for idle := 0; idle < windows; {
		if err := l.allow(timeout / windows); err != nil {
			return err
		}
		n, err := l.writeSome(&rest)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if idle++; n > 0 {
			idle = 0
		}
	}
	return ErrSlow
}

// writeSome writes what it can until the deadline.
func (l *Link) writeSome(rest *net.Buffers) (int64, error) {
	if len(*rest) != 1 {
		return rest.WriteTo(l.conn)
	}
	n, err := l.conn.Write((*rest)[0])
	(*rest)[0] = (*rest)[0][n:]
	return int64(n), err
}

// writePieces writes frames to a TLS connection: small ones together, large ones in pieces.
func (l *Link) writePieces(batch []Frame, timeout time.Duration) error {
	var gathered []byte
	for i, f := range batch {
		gathered = append(gathered, f...)
		for len(gathered) >= tlsPiece || (i == len(batch)-1 && len(gathered) > 0) {
			piece := gathered[:min(len(gathered), tlsPiece)]
			if err := l.allow(timeout); err != nil {
				return err
			}
			if _, err := l.conn.Write(piece); errors.Is(err, os.ErrDeadlineExceeded) {
				return ErrSlow
			} else if err != nil {
				return err
			}
			gathered = gathered[len(piece):]
		}
	}
	return nil
}

// allow gives the next write that time or a little less: setting a deadline is not free, so one serves several writes.
func (l *Link) allow(timeout time.Duration) error {
	now := time.Now()
	if l.deadline.Sub(now) >= timeout*3/4 {
		return nil
	}
	l.deadline = now.Add(timeout)
	return l.conn.SetWriteDeadline(l.deadline)
}

// Farewell tells the other side of a TLS connection that nothing follows. It may take a few seconds.
func (l *Link) Farewell() {
	if sealed, ok := l.conn.(*tls.Conn); ok {
		_ = sealed.CloseWrite() // the connection ends either way
	}
}

// End ends our side of the connection; the other side's can still be read.
func (l *Link) End() {
	l.Farewell()
	conn := l.conn
	if sealed, ok := conn.(*tls.Conn); ok {
		conn = sealed.NetConn()
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // a client that has gone needs no end
	}
}

// Close ends the TCP connection. It does not wait for anything.
func (l *Link) Close() {
	conn := l.conn
	if sealed, ok := conn.(*tls.Conn); ok {
		conn = sealed.NetConn()
	}
	_ = conn.Close() // it is gone either way
}
