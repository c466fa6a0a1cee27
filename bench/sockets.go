package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// crowd is many subscribed Socket.IO clients (EIO 4, WebSocket).
type crowd struct {
	conns      []*websocket.Conn
	deliveries atomic.Int64
	dead       atomic.Int64
}

// gather connects n clients and returns when all have subscribed.
func gather(address, token string, n int) (*crowd, error) {
	c := &crowd{conns: make([]*websocket.Conn, n)}
	dialer := &websocket.Dialer{ReadBufferSize: 2048, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{}}
	slots := make(chan struct{}, 32)
	failed := make(chan error, n)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			conn, err := c.join(dialer, address, token)
			if err != nil {
				failed <- err
			}
			c.conns[i] = conn
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return nil, err
	default:
		return c, nil
	}
}

// join connects one client, subscribes to entries and then counts what arrives until the connection ends.
func (c *crowd) join(d *websocket.Dialer, address, token string) (*websocket.Conn, error) {
	conn, _, err := d.Dial("ws://"+address+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		return nil, err
	}
	steps := []struct{ expect, answer string }{
		{"0{", "40/storage,"},
		{"40/storage,", `42/storage,0["subscribe",{"accessToken":"` + token + `","collections":["entries"]}]`},
		{`43/storage,0[{"success":true`, ""},
	}
	for _, s := range steps {
		_, message, err := conn.ReadMessage()
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(message, []byte(s.expect)) {
			return nil, fmt.Errorf("got %.100q instead of %q", message, s.expect)
		}
		if s.answer != "" {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(s.answer)); err != nil {
				return nil, err
			}
		}
	}
	go c.count(conn)
	return conn, nil
}

func (c *crowd) count(conn *websocket.Conn) {
	head := make([]byte, 16)
	for {
		_, r, err := conn.NextReader()
		if err != nil {
			c.dead.Add(1)
			return
		}
		n, _ := io.ReadFull(r, head)
		switch {
		case bytes.HasPrefix(head[:n], []byte("42/storage,")):
			_, _ = io.Copy(io.Discard, r)
			c.deliveries.Add(1)
		case n == 1 && head[0] == '2':
			_ = conn.WriteMessage(websocket.TextMessage, []byte("3"))
		}
	}
}

// await waits until so many deliveries have come, for at most ten seconds after the last one.
func (c *crowd) await(want int64) int64 {
	for idle := time.Now(); time.Since(idle) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		if c.deliveries.Load() >= want {
			break
		}
	}
	return c.deliveries.Load()
}

func (c *crowd) close() {
	for _, conn := range c.conns {
		conn.Close()
	}
}
