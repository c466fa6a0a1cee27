package engineio

import "time"

// In revision 4 the server pings and waits for the pong, in revision 3 the client pings in its own time. One timer per
// connection serves both, and the timeout of a connection that is being closed.

// silence is how long nothing needs to be heard of the client.
func (c *Conn) silence() time.Duration {
	o := &c.server.opts
	if c.protocol == 3 {
		return o.PingInterval + o.PingTimeout
	}
	return o.PingInterval
}

// alarm is called when the timer runs out.
func (c *Conn) alarm() {
	c.mu.Lock()
	if c.state == open && c.protocol == 4 && !c.pinged {
		// Armed before the ping is queued, so that no pong can come too early.
		c.pinged = true
		c.heart.Reset(c.server.opts.PingTimeout)
		c.push(packetFrame("2"))
		c.mu.Unlock()
		return
	}
	reason := reasonPingTimeout
	if c.state == closing {
		reason = reasonForced
	}
	c.mu.Unlock()
	c.end(reason)
}

// alive notes a heartbeat of the client.
func (c *Conn) alive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == open {
		c.pinged = false
		c.heart.Reset(c.silence())
	}
}
