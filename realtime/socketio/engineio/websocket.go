package engineio

import (
	"errors"
	"io"
	"net/http"

	"github.com/gorilla/websocket"

	"nightwire/realtime/wire"
)

// wsTransport is a WebSocket. gorilla/websocket makes the handshake and reads; frames are written by the link.
type wsTransport struct {
	*websocket.Conn
	link *wire.Link
}

// accept makes a WebSocket of a request; it has answered the client when it fails.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) (*wsTransport, error) {
	conn, err := wire.Upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(s.opts.MaxPayload)
	return &wsTransport{conn, wire.NewLink(conn.NetConn())}, nil
}

// serveWebSocket reads a WebSocket until it ends.
func (c *Conn) serveWebSocket(w *wsTransport) {
	w.SetPingHandler(func(data string) error {
		c.Enqueue(wire.NewFrame(wire.PongFrame, data, nil))
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
	quiet := !c.draining && c.out.Empty()
	c.draining = true // nobody writes behind a close frame
	c.mu.Unlock()
	if quiet {
		_ = w.link.Write([]Frame{goodbye}, c.server.opts.WriteTimeout) // it ends either way
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
	for !c.out.Empty() {
		batch, size := c.out.Take()
		c.mu.Unlock()
		err := w.link.Write(batch, c.server.opts.WriteTimeout)
		c.mu.Lock()
		c.out.Wrote(batch, size)
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
	if errors.Is(err, wire.ErrSlow) {
		return wire.ErrSlow
	}
	return nil
}
