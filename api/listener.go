package api

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// handshakeRecord is the first byte of every TLS connection. No method of HTTP begins with it.
const handshakeRecord = 22

// mixedListener accepts TLS and plain connections on one port, told apart by their first byte, so that who asks for
// http:// is redirected and not just cut.
type mixedListener struct {
	net.Listener
	config   *tls.Config
	patience time.Duration // for the first byte
	accepted chan accepted
	closed   chan struct{}
	running  sync.WaitGroup

	mu      sync.Mutex
	pending map[net.Conn]struct{} // connections whose first byte has not come; nil once the listener is closed
}

// accepted is an outcome of Accept.
type accepted struct {
	conn net.Conn
	err  error
}

func newMixedListener(l net.Listener, config *tls.Config, patience time.Duration) *mixedListener {
	m := &mixedListener{
		Listener: l, config: config, patience: patience,
		accepted: make(chan accepted), closed: make(chan struct{}), pending: map[net.Conn]struct{}{},
	}
	m.running.Go(m.acceptAll)
	return m
}

// Accept returns the next connection whose first byte has come.
func (m *mixedListener) Accept() (net.Conn, error) {
	select {
	case a := <-m.accepted:
		return a.conn, a.err
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close also cuts the connections that nobody has accepted yet, and waits for their ends.
func (m *mixedListener) Close() error {
	m.mu.Lock()
	if m.pending == nil {
		m.mu.Unlock()
		return net.ErrClosed
	}
	close(m.closed)
	for c := range m.pending {
		_ = c.Close() // it is of no use any more
	}
	m.pending = nil
	m.mu.Unlock()
	err := m.Listener.Close()
	m.running.Wait()
	return err
}

// acceptAll looks at each connection on its own: one that sends nothing keeps nobody waiting.
func (m *mixedListener) acceptAll() {
	for {
		c, err := m.Listener.Accept()
		if err != nil {
			if !m.deliver(accepted{nil, err}) {
				return
			}
			continue
		}
		m.running.Go(func() {
			if found := m.look(c); found == nil || !m.deliver(accepted{found, nil}) {
				_ = c.Close() // it is of no use any more
			}
		})
	}
}

// deliver hands an outcome to Accept. It is false when the listener is closed.
func (m *mixedListener) deliver(a accepted) bool {
	select {
	case m.accepted <- a:
		return true
	case <-m.closed:
		return false
	}
}

// look waits for the first byte of a connection and returns it as a TLS or a plain one, or nil where no byte comes.
func (m *mixedListener) look(c net.Conn) net.Conn {
	if !m.remember(c) {
		return nil
	}
	defer m.forget(c)
	begun := &begunConn{Conn: c}
	if err := c.SetReadDeadline(time.Now().Add(m.patience)); err != nil {
		return nil
	}
	if _, err := io.ReadFull(c, begun.first[:]); err != nil {
		return nil
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return nil
	}
	if begun.first[0] == handshakeRecord {
		return tls.Server(begun, m.config)
	}
	return begun
}

// remember lets Close cut the connection. It is false when that has happened.
func (m *mixedListener) remember(c net.Conn) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending == nil {
		return false
	}
	m.pending[c] = struct{}{}
	return true
}

func (m *mixedListener) forget(c net.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, c)
}

// begunConn is a connection whose first byte has been taken, and is read again.
type begunConn struct {
	net.Conn
	first [1]byte
	read  bool
}

func (c *begunConn) Read(p []byte) (int, error) {
	if c.read || len(p) == 0 {
		return c.Conn.Read(p)
	}
	c.read = true
	p[0] = c.first[0]
	return 1, nil
}
