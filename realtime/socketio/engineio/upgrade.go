package engineio

import (
	"time"

	"nightwire/realtime/wire"
)

// An upgrade goes like this: the client of a polling connection opens a WebSocket and sends the packet 2probe; it is
// answered by 3probe, and soon the poll that waits is answered too, so that the client can stop polling; the client sends
// the packet 5 when its last poll has been answered. Until then packets go out by polling, from then on by WebSocket.

// upgrade reads a WebSocket that asks to take over a polling connection, and goes on as its reader when it did.
func (c *Conn) upgrade(w *wsTransport) {
	deadline := time.Now().Add(c.server.opts.UpgradeTimeout)
	if err := w.SetReadDeadline(deadline); err != nil {
		w.link.Close()
		return
	}
	if !c.propose(w) {
		w.link.Close()
		return
	}
	if !c.probed(w, deadline) || w.SetReadDeadline(time.Time{}) != nil {
		c.withdraw(w)
		return
	}
	if c.adopt(w) {
		c.serveWebSocket(w)
	}
}

// propose notes the WebSocket, unless the connection has one already.
func (c *Conn) propose(w *wsTransport) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ws != nil || c.probe != nil || c.state != open {
		return false
	}
	c.probe = w
	return true
}

// probed talks to the client until it asks for the change. It is the only writer to the WebSocket as yet.
func (c *Conn) probed(w *wsTransport, deadline time.Time) bool {
	// The pong that gorilla/websocket would send sets a write deadline, which stays.
	w.SetPingHandler(func(data string) error {
		return w.link.Write([]Frame{wire.NewFrame(wire.PongFrame, data, nil)}, time.Until(deadline))
	})
	for answered := false; ; {
		packet, err := w.readPacket()
		switch {
		case err != nil:
			return false
		case string(packet) == "2probe" && !answered:
			answered = true
			if w.link.Write([]Frame{packetFrame("3probe")}, time.Until(deadline)) != nil {
				return false
			}
			c.hasten(w)
		case len(packet) == 1 && packet[0] == packetUpgrade && answered:
			return true
		default:
			return false
		}
	}
}

// hasten has polls answered soon. Not at once: a poll that is behind the upgrade on its way here, but was read before it, is
// to be refused and not answered.
func (c *Conn) hasten(w *wsTransport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurry = true
	time.AfterFunc(hurriedPoll, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.probe == w {
			c.poll.wake()
		}
	})
}

// withdraw goes on with polling.
func (c *Conn) withdraw(w *wsTransport) {
	c.mu.Lock()
	c.probe, c.hurry = nil, false
	c.mu.Unlock()
	w.link.Close()
}

// adopt puts the WebSocket in charge of the queue. It is false when the connection has ended.
func (c *Conn) adopt(w *wsTransport) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probe = nil
	if c.state == closed {
		w.link.Close()
		return false
	}
	c.ws = w
	c.poll.wake()
	c.wake()
	return true
}
