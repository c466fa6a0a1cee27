package engineio

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// wsTransport is a WebSocket. gorilla/websocket makes the handshake and reads; frames are written to the TCP connection
// as they are, many in one system call.
type wsTransport struct {
	*websocket.Conn
	nc       net.Conn
	raw      syscall.RawConn // nil when nc is no plain TCP connection
	last     time.Time       // when a frame was last sent
	deadline time.Time       // of writing; belongs to whoever writes
}

// upgrader accepts WebSockets with the smallest buffers: most connections are idle most of the time.
var upgrader = websocket.Upgrader{
	ReadBufferSize:  256,
	WriteBufferSize: 256,
	WriteBufferPool: &sync.Pool{},
	CheckOrigin:     func(*http.Request) bool { return true }, // rights come with messages, never with cookies
}

// accept makes a WebSocket of a request; it has answered the client when it fails.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) (*wsTransport, error) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(s.opts.MaxPayload)
	return &wsTransport{Conn: conn, nc: conn.NetConn(), raw: rawConn(conn.NetConn())}, nil
}

// serveWebSocket reads a WebSocket until it ends.
func (c *Conn) serveWebSocket(w *wsTransport) {
	w.SetPingHandler(func(data string) error {
		c.Enqueue(newFrame(pongFrame, data, nil))
		return nil
	})
	w.SetCloseHandler(func(int, string) error {
		c.answerClose(w)
		return nil
	})
	for {
		packet, err := w.readPacket()
		if err != nil {
			c.end(reasonTransportClose)
			return
		}
		if packet != nil {
			c.receive(packet)
		}
	}
}

// answerClose answers a close frame, unless other frames are on their way: a client that leaves does not wait for them, and
// the end of TCP tells it enough.
func (c *Conn) answerClose(w *wsTransport) {
	c.mu.Lock()
	quiet := !c.draining && len(c.queue) == 0
	c.draining = true // nobody writes behind a close frame
	c.mu.Unlock()
	if quiet {
		_ = w.write([]Frame{newFrame(closeFrame, normalClosure, nil)}, c.server.opts.WriteTimeout) // it ends either way
	}
}

// readPacket reads the next message: a text packet, or nil for a binary message, which means nothing to anyone here.
func (w *wsTransport) readPacket() ([]byte, error) {
	kind, r, err := w.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != websocket.TextMessage {
		_, err := io.Copy(io.Discard, r)
		return nil, err
	}
	packet, err := io.ReadAll(r)
	if err == nil && packet == nil {
		packet = []byte{}
	}
	return packet, err
}

// drain writes the queue to the WebSocket until it is empty. At most one runs for a connection.
func (c *Conn) drain(w *wsTransport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > 0 {
		batch, size := c.take()
		c.mu.Unlock()
		err := w.write(batch, c.server.opts.WriteTimeout)
		c.mu.Lock()
		c.wrote(batch, size)
		if err != nil {
			if c.shut(reasonTransportError) {
				go c.bury(slowness(err))
			}
			break
		}
	}
	c.draining = false
	if c.state == closing && c.shut(reasonForced) {
		go c.bury(nil)
	}
}

// slowness tells a client that was too slow from one that has gone.
func slowness(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlow
	}
	return nil
}

// write sends frames in one system call, if the system takes them. It may take the timeout, or a little less: setting a
// deadline is not free, so one serves several writes.
func (w *wsTransport) write(batch []Frame, timeout time.Duration) error {
	if now := time.Now(); w.deadline.Sub(now) < timeout*3/4 {
		w.deadline = now.Add(timeout)
		if err := w.nc.SetWriteDeadline(w.deadline); err != nil {
			return err
		}
	}
	if len(batch) == 1 {
		_, err := w.nc.Write(batch[0])
		return err
	}
	buffers := make(net.Buffers, len(batch))
	for i, f := range batch {
		buffers[i] = f
	}
	_, err := buffers.WriteTo(w.nc)
	return err
}
