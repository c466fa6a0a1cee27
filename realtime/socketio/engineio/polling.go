package engineio

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// hurriedPoll is how long a poll waits that comes while a WebSocket wants to take over.
const hurriedPoll = 20 * time.Millisecond

// pollTransport is long polling: the client always has one GET waiting, which is answered when there is something to send,
// and sends its own packets by POST. The connection's lock guards it.
type pollTransport struct {
	polling bool          // a GET is being served
	posting bool          // a POST is being served
	waiting chan struct{} // closed to wake the GET that waits for packets
}

// wake makes a waiting GET look at the queue.
func (p *pollTransport) wake() {
	if p.waiting != nil {
		close(p.waiting)
		p.waiting = nil
	}
}

// servePoll answers a GET with what is queued, and waits while that is nothing.
func (c *Conn) servePoll(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if c.ws != nil || c.state == closed {
		c.mu.Unlock()
		refuse(w, badRequest)
		return
	}
	if c.poll.polling {
		c.mu.Unlock()
		c.end(reasonTransportError)
		refuse(w, badRequest)
		return
	}
	c.poll.polling = true
	if c.out.Empty() {
		c.awaitPackets(r)
	}
	batch, size, ok := c.takePoll()
	// The client may poll again as soon as it has read the answer, which is before its writing is known to have ended.
	c.poll.polling = false
	c.mu.Unlock()
	if !ok {
		refuse(w, badRequest)
		return
	}
	err := c.writePoll(w, r, encodePayload(c.protocol, batch))
	c.polled(batch, size, err)
}

// takePoll is what a poll is answered with; ok is false when a WebSocket has taken over. The lock is held.
func (c *Conn) takePoll() (batch []Frame, size int, ok bool) {
	switch {
	case c.ws != nil:
		return nil, 0, false
	case c.state == closed && c.reason != reasonTransportClose:
		return []Frame{packetFrame("1")}, 0, true
	case c.out.Empty(): // a WebSocket wants to take over, or the client said that it goes
		return []Frame{packetFrame("6")}, 0, true
	default:
		batch, size = c.out.Take()
		return batch, size, true
	}
}

// polled ends a poll that has been answered.
func (c *Conn) polled(batch []Frame, size int, err error) {
	c.mu.Lock()
	c.out.Wrote(batch, size)
	last := c.state == closing && c.ws == nil && c.out.Empty()
	c.mu.Unlock()
	switch {
	case err != nil:
		c.end(reasonTransportError)
	case last:
		c.end(reasonForced)
	}
}

// awaitPackets waits until the queue has been filled or the client has gone; not long while a WebSocket wants to take over.
// The lock is held, but not while waiting.
func (c *Conn) awaitPackets(r *http.Request) {
	waiting := make(chan struct{})
	c.poll.waiting = waiting
	var enough <-chan time.Time
	if c.hurry {
		enough = time.After(hurriedPoll)
	}
	c.mu.Unlock()
	select {
	case <-waiting:
	case <-enough:
	case <-r.Context().Done():
		c.end(reasonTransportError)
	}
	c.mu.Lock()
	c.poll.waiting = nil
}

// writePoll sends the answer of a poll, to the last byte, in bounded time.
func (c *Conn) writePoll(w http.ResponseWriter, r *http.Request, payload []byte) error {
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(c.server.opts.WriteTimeout)); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if callback, ok := jsonp(r); ok {
		h.Set("Content-Type", "text/javascript; charset=UTF-8")
		payload = callback.wrap(payload)
	} else {
		h.Set("Content-Type", "text/plain; charset=UTF-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(payload)))
	if _, err := w.Write(payload); err != nil {
		return err
	}
	if err := control.Flush(); err != nil {
		return err
	}
	// The TCP connection goes on to other requests.
	return control.SetWriteDeadline(time.Time{})
}

// servePost takes the packets of a POST.
func (c *Conn) servePost(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	usable, overlap := c.ws == nil && c.state == open, c.poll.posting
	if usable {
		c.poll.posting = true
	}
	c.mu.Unlock()
	if !usable || overlap {
		if usable { // a POST that is late for another reason is refused, and nothing more
			c.end(reasonTransportError)
		}
		refuse(w, badRequest)
		return
	}
	packets, status := c.readPost(w, r)
	for _, packet := range packets {
		c.receive(packet)
	}
	c.mu.Lock()
	c.poll.posting = false
	if c.state == closed && c.reason == reasonParseError {
		status = http.StatusBadRequest
	}
	c.mu.Unlock()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html")
	w.WriteHeader(status)
	if status == http.StatusOK {
		_, _ = io.WriteString(w, "ok") // a client that has gone is noticed by its poll
	}
}

// readPost reads and splits the body of a POST. A body that is none ends the connection.
func (c *Conn) readPost(w http.ResponseWriter, r *http.Request) (packets [][]byte, status int) {
	if r.Header.Get("Content-Type") == "application/octet-stream" {
		c.end(reasonParseError) // clients send binary payloads for binary events only, and there are none
		return nil, http.StatusBadRequest
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(c.server.opts.PingTimeout)); err != nil {
		c.end(reasonTransportError)
		return nil, http.StatusInternalServerError
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, c.server.opts.MaxPayload))
	if err == nil {
		err = control.SetReadDeadline(time.Time{})
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err == nil {
		if _, ok := jsonp(r); ok {
			body, err = unwrapJSONP(body)
		}
	}
	if err == nil {
		packets, err = decodePayload(c.protocol, body)
	}
	if err != nil {
		c.end(reasonParseError)
		return nil, http.StatusBadRequest
	}
	return packets, http.StatusOK
}
