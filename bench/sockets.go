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

// crowd is many subscribed clients on WebSockets.
type crowd struct {
	conns      []*websocket.Conn
	deliveries atomic.Int64
	dead       atomic.Int64
}

// joining connects and subscribes one client of a crowd, which then listens until the connection ends.
type joining func(*crowd, *websocket.Dialer) (*websocket.Conn, error)

// gather connects n clients and returns when all have subscribed.
func gather(n int, join joining) (*crowd, error) {
	c := &crowd{conns: make([]*websocket.Conn, n)}
	dialer := &websocket.Dialer{ReadBufferSize: 2048, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{}}
	slots := make(chan struct{}, 32)
	failed := make(chan error, n)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			conn, err := join(c, dialer)
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

// onStorage joins Socket.IO's /storage (EIO 4), subscribes to entries and counts what arrives.
func onStorage(address, token string) joining {
	return func(c *crowd, d *websocket.Dialer) (*websocket.Conn, error) {
		conn, err := converse(d, "ws://"+address+"/socket.io/?EIO=4&transport=websocket", []step{
			{"0{", "40/storage,"},
			{"40/storage,", `42/storage,0["subscribe",{"accessToken":"` + token + `","collections":["entries"]}]`},
			{`43/storage,0[{"success":true`, ""},
		})
		if err == nil {
			go c.count(conn)
		}
		return conn, err
	}
}

// onLive joins /live in the typed dialect and subscribes to a topic.
func onLive(address, token, topic string) joining {
	return func(c *crowd, d *websocket.Dialer) (*websocket.Conn, error) {
		conn, err := converse(d, "ws://"+address+"/live?protocol=typed&token="+token, []step{
			{`{"type":"session"`, `{"id":"s","method":"subscribe","attributes":{"topicName":"` + topic + `"}}`},
			{`{"type":"response","id":"s","method":"subscribe","ok":true`, ""},
		})
		if err == nil {
			go c.count(conn)
		}
		return conn, err
	}
}

// step is how a frame begins, and the answer to it.
type step struct{ expect, answer string }

// converse connects and goes through the steps of a protocol.
func converse(d *websocket.Dialer, url string, steps []step) (*websocket.Conn, error) {
	conn, _, err := d.Dial(url, nil)
	if err != nil {
		return nil, err
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
	return conn, nil
}

// count counts the events that arrive, and answers Socket.IO's pings, until the connection ends.
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
		case bytes.HasPrefix(head[:n], []byte("42/storage,")), bytes.HasPrefix(head[:n], []byte(`{"type":"event"`)):
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
