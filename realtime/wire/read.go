package wire

import (
	"errors"
	"io"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

var errNotUTF8 = errors.New("text that is not UTF-8")

// Run reads until the connection ends, and returns when nothing of it is left. Each message, text or binary, is handed to
// receive, in order, by one goroutine at a time that is not the reader: while receive works, pings are answered. The bytes are
// receive's to keep. What a client sent before it left is still handed over, even when Done is closed.
func (c *Conn) Run(receive func(message []byte)) {
	c.receive = receive
	c.conclude(c.read())
	<-c.life.Done()
	c.tasks.Wait()
	c.report()
}

// read reads messages until that fails.
func (c *Conn) read() error {
	for {
		kind, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		message, err := readAll(r, c.opts.MaxMessage)
		if errors.Is(err, websocket.ErrReadLimit) && c.opts.Oversize != nil {
			if _, err = io.Copy(io.Discard, r); err == nil {
				c.opts.Oversize()
				continue
			}
		}
		if err != nil {
			return err
		}
		if kind == websocket.TextMessage && !utf8.Valid(message) {
			return errNotUTF8
		}
		c.admit(message)
	}
}

// readAll reads a message; it is never nil. Most are small. Errors: websocket.ErrReadLimit, with some of the message read.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	message := make([]byte, 0, 256)
	for {
		n, err := r.Read(message[len(message):cap(message)])
		message = message[:len(message)+n]
		if int64(len(message)) > limit {
			return nil, websocket.ErrReadLimit
		}
		if err == io.EOF {
			return message, nil
		}
		if err != nil {
			return nil, err
		}
		if len(message) == cap(message) {
			message = append(message, 0)[:len(message)]
		}
	}
}

// conclude does what the end of reading asks for.
func (c *Conn) conclude(err error) {
	var frame *websocket.CloseError
	switch {
	case errors.As(err, &frame) && frame.Code != websocket.CloseAbnormalClosure:
		c.answerClose(frame)
	case c.inlet.failed:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.end()
	case errors.Is(err, websocket.ErrReadLimit):
		c.reject(TooBig, "message too large")
	case errors.Is(err, errNotUTF8):
		c.reject(InvalidData, errNotUTF8.Error())
	default:
		c.reject(ProtocolError, "protocol error")
	}
}

// answerClose answers a close frame with its code, behind what is queued.
func (c *Conn) answerClose(heard *websocket.CloseError) {
	code, reason := heard.Code, ""
	if code == websocket.CloseNoStatusReceived {
		code = NoStatus
	}
	if c.opts.EchoClose {
		reason = heard.Text
		if code == NoStatus {
			code = NormalClosure
		}
	}
	c.mu.Lock()
	c.part(code, reason)
	c.mu.Unlock()
	c.heardEnd()
}

// reject closes the connection of a client whose frames cannot be read any further. What it still sends is thrown away, or
// it might be reset before it reads why.
func (c *Conn) reject(code int, reason string) {
	c.mu.Lock()
	c.deaf = true
	c.part(code, reason)
	c.mu.Unlock()
	_, _ = io.Copy(io.Discard, c.inlet) // ends with the connection, by the timer at the latest
	c.heardEnd()
}

// report logs why a connection was cut. Whoever cut it has said more, once for all whom it concerns.
func (c *Conn) report() {
	c.mu.Lock()
	why := c.why
	c.mu.Unlock()
	address := c.inlet.RemoteAddr().String()
	switch {
	case errors.Is(why, ErrSlow):
		c.opts.Log.Warn("slow reader cut", "address", address)
	case why != nil:
		c.opts.Log.Debug("socket cut", "reason", why, "address", address)
	}
}
