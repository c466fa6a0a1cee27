package wire

// One timer per connection serves the pings and the timeout of a connection that is being closed.

// alarm is called when the timer runs out.
func (c *Conn) alarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state == parting:
		c.cut(errNoFarewell)
	case c.state == open && c.opts.PingEvery > 0:
		c.check()
	}
}

// check pings a client of whom nothing was heard for a period, and cuts one of whom nothing was heard for two. While reading
// is paused, nothing can be heard. The lock is held.
func (c *Conn) check() {
	every := c.opts.PingEvery
	silence := c.inlet.silence()
	switch {
	case c.paused || silence < every:
		c.timer.Reset(max(every-silence, every/2))
	case silence < 2*every:
		c.push(NewFrame(PingFrame, "", nil))
		c.timer.Reset(2*every - silence)
	default:
		c.cut(errSilent)
	}
}

// pong answers a client's ping.
func (c *Conn) pong(payload string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == open {
		c.out.PushPong(NewFrame(PongFrame, payload, nil))
		c.drain()
	}
	return nil
}
