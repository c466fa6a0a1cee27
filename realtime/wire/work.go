package wire

import "runtime/debug"

// admit queues a message to be worked on, and waits when too many are.
func (c *Conn) admit(message []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open {
		return
	}
	c.in = append(c.in, message)
	c.waiting += len(message)
	if !c.working {
		c.working = true
		c.tasks.Go(c.work)
	}
	for c.state == open && (len(c.in) >= c.opts.MaxRequests || int64(c.waiting) >= c.opts.MaxMessage) {
		c.paused = true
		c.moved.Wait()
	}
	if c.paused {
		c.paused = false
		c.inlet.note()
	}
}

// work works on messages until none waits. At most one runs for a connection.
func (c *Conn) work() {
	for message := c.next(); message != nil; message = c.next() {
		c.handle(message)
	}
}

// next is the message to work on now; nil: none is left. It waits while answers pile up: a client that does not take them may
// ask for more later.
func (c *Conn) next() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaitRoom()
	if len(c.in) == 0 {
		c.in, c.working = nil, false
		return nil
	}
	message := c.in[0]
	c.in[0], c.in = nil, c.in[1:]
	c.waiting -= len(message)
	c.moved.Broadcast()
	return message
}

// AwaitRoom waits until the client has taken most of what was sent to it, or is being left.
func (c *Conn) AwaitRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaitRoom()
}

// awaitRoom needs the lock.
func (c *Conn) awaitRoom() {
	for c.state == open && c.out.Waiting() > c.opts.MaxOutbox/2 {
		c.moved.Wait()
	}
}

// handle hands over one message. A fault in it costs the connection and nothing else.
func (c *Conn) handle(message []byte) {
	defer func() {
		if fault := recover(); fault != nil {
			c.opts.Log.Error("message handler failed", "fault", fault, "stack", string(debug.Stack()))
			c.Close(InternalError, "internal error")
		}
	}()
	c.receive(message)
}
