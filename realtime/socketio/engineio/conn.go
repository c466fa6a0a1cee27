package engineio

import (
	"errors"
	"sync"
	"time"

	"github.com/zishang520/engine.io/v2/events"

	"nightwire/realtime/wire"
)

// The reasons for which a connection ends here; the Socket.IO library passes them on as they are.
const (
	reasonTransportClose = "transport close"
	reasonTransportError = "transport error"
	reasonPingTimeout    = "ping timeout"
	reasonParseError     = "parse error"
	reasonForced         = "forced close"
)

type state uint8

const (
	opening state = iota // the handshake is under way
	open
	closing // what is queued goes out, nothing is added
	closed
)

// Peer is what a connection's messages are given to.
type Peer interface {
	// Receive is called with the text of each message in order, one at a time, unless the client breaks the protocol by
	// sending in two ways at once. It may keep the text.
	Receive(text []byte)
}

// Conn is one client's connection, whatever carries it. It is also what the Socket.IO library takes for its engine socket
// (library.go).
type Conn struct {
	events.EventEmitter // data and close, for the library

	server   *Server
	id       string
	protocol int // 3 or 4
	address  string
	peer     Peer
	done     chan struct{} // closed when the connection has ended

	mu       sync.Mutex
	state    state
	reason   string // why it ended
	started  bool   // it ended after its handshake
	out      wire.Outbox
	ws       *wsTransport
	poll     pollTransport
	probe    *wsTransport // a WebSocket that asks to take over from polling
	hurry    bool         // polls are answered soon, so that it can
	heart    *time.Timer
	pinged   bool // a heartbeat waits for its answer (revision 4)
	draining bool // a goroutine writes to ws
}

// Peer is what the connection's messages are given to.
func (c *Conn) Peer() Peer { return c.peer }

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Address tells where the client comes from.
func (c *Conn) Address() string { return c.address }

// Enqueue sends a frame. It never blocks: a client that does not take its frames is cut.
func (c *Conn) Enqueue(f Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state > open {
		return
	}
	if !c.out.Fits(len(f), c.server.opts.MaxQueue) {
		c.shut(reasonTransportError)
		// The sender may hold locks that those who listen for the end want, so they are told from elsewhere.
		go c.bury(wire.ErrSlow)
		return
	}
	if c.ws != nil && !c.draining && c.out.Empty() && c.state == open {
		f = c.ws.link.Direct(f)
	}
	if len(f) > 0 {
		c.push(f)
	}
}

// push appends to the queue and sets the transport in charge to work. The lock is held.
func (c *Conn) push(f Frame) {
	c.out.Push(f)
	c.wake()
}

// wake makes the transport in charge look at the queue. The lock is held.
func (c *Conn) wake() {
	if c.ws == nil {
		c.poll.wake()
	} else if !c.draining && !c.out.Empty() {
		c.draining = true
		go c.drain(c.ws)
	}
}

// Cut ends the connection at once by closing TCP, so that the client notices and comes back. It does not block.
func (c *Conn) Cut(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut(reasonTransportError) {
		go c.bury(why)
	}
}

// finish lets the queue go out and then ends the connection.
func (c *Conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state >= closing {
		return
	}
	c.state = closing
	c.heart.Reset(c.server.opts.CloseTimeout)
	if c.ws != nil {
		c.push(goodbye)
	} else {
		c.push(packetFrame("1"))
	}
}

// end ends the connection now and tells those who listen for it before it returns.
func (c *Conn) end(reason string) {
	c.mu.Lock()
	ended := c.shut(reason)
	c.mu.Unlock()
	if ended {
		c.bury(nil)
	}
}

// shut closes what carries the connection. It is true for the one caller that ended it and now has to bury it. The lock is
// held.
func (c *Conn) shut(reason string) bool {
	if c.state == closed {
		return false
	}
	c.started = c.state != opening
	c.state, c.reason = closed, reason
	c.out.Clear()
	c.heart.Stop()
	for _, w := range []*wsTransport{c.ws, c.probe} {
		if w != nil {
			w.link.Close()
		}
	}
	c.poll.wake()
	return true
}

// bury forgets a connection that has been shut.
func (c *Conn) bury(why error) {
	switch {
	case errors.Is(why, wire.ErrSlow):
		c.server.log.Warn("slow reader cut", "address", c.address)
	case why != nil: // whoever cut it has said why, once for all whom it concerns
		c.server.log.Debug("socket cut", "reason", why, "address", c.address)
	}
	c.server.forget(c)
	close(c.done)
	if c.started {
		c.Emit("close", c.reason, nil)
	}
}

// start makes a connection live after its handshake: the library knows it by now. It is false when it ended meanwhile.
func (c *Conn) start() bool {
	c.mu.Lock()
	if c.state == opening {
		c.state = open
	}
	ended := c.state == closed
	c.mu.Unlock()
	if ended {
		c.Emit("close", c.reason, nil)
	}
	return !ended
}
