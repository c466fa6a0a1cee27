package realtimetest

import (
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is how long the suite waits for what must happen.
const patience = 30 * time.Second

// Client is a WebSocket client.
type Client struct {
	testing.TB // of the test that it is part of
	ws         *websocket.Conn
	protocol   Protocol
	heard      []string // keys of messages that have been read, and not asked for yet
}

// dial connects a client that can keep so many bytes that it has not read; 0: as many as the system likes.
func (p Protocol) dial(t testing.TB, h *House, token string, unread int) (*Client, error) {
	dialer := websocket.Dialer{NetDial: func(network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		if err == nil && unread > 0 {
			err = conn.(*net.TCPConn).SetReadBuffer(unread)
		}
		return conn, err
	}}
	ws, _, err := dialer.Dial(h.URL(token), nil)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { ws.Close() })
	return &Client{TB: t, ws: ws, protocol: p}, nil
}

// listener is a client that has subscribed.
func (p Protocol) listener(t testing.TB, h *House, token string) *Client {
	t.Helper()
	c, err := p.dial(t, h, token, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.Subscribe(c)
	return c
}

// Say sends a text message.
func (c *Client) Say(text string) {
	c.Helper()
	if err := c.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.Error(err)
	}
}

// Await reads until a message that is the one. Keys of all messages on the way are kept for the suite.
func (c *Client) Await(is func(message []byte) bool) {
	c.Helper()
	for {
		message, err := c.read()
		if err != nil {
			c.Errorf("the connection ends too early: %v", err)
			return
		}
		if is(message) {
			return
		}
	}
}

// read reads a message and keeps its keys.
func (c *Client) read() ([]byte, error) {
	if err := c.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	_, message, err := c.ws.ReadMessage()
	if err == nil {
		c.heard = append(c.heard, c.protocol.Keys(message)...)
	}
	return message, err
}

// next is the next key.
func (c *Client) next() (string, error) {
	for len(c.heard) == 0 {
		if _, err := c.read(); err != nil {
			return "", err
		}
	}
	key := c.heard[0]
	c.heard = c.heard[1:]
	return key, nil
}

// hears checks that the next keys are these.
func (c *Client) hears(keys ...string) {
	c.Helper()
	for i, want := range keys {
		got, err := c.next()
		if err != nil || got != want {
			c.Errorf("heard %q, %v; want %q, number %d of %d", got, err, want, i, len(keys))
			return
		}
	}
}

// end reads until the connection ends, and tells how.
func (c *Client) end() error {
	for {
		if _, err := c.read(); err != nil {
			return err
		}
	}
}
