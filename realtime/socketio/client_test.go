package socketio

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// way is one of the ways in which a client can connect.
type way struct {
	eio       int
	transport string
}

var ways = []way{
	{3, "polling"}, {3, "websocket"}, {3, "upgrade"},
	{4, "polling"}, {4, "websocket"}, {4, "upgrade"},
}

func (w way) String() string { return fmt.Sprintf("EIO%d/%s", w.eio, w.transport) }

// client is a Socket.IO client made by hand. It answers heartbeats by itself.
type client struct {
	t    testing.TB
	way  way
	base string
	sid  string
	in   chan string // packets, except heartbeats; closed at the end
	ws   *websocket.Conn
	gone chan struct{}

	writing  sync.Mutex // one packet at a time goes out by WebSocket
	mu       sync.Mutex
	upgraded bool // from here on, packets go out by WebSocket
	stopPoll bool
	polled   chan struct{} // closed when polling has stopped
}

// connect opens an Engine.IO connection; a client that upgrades does so when upgrade is called.
func (h *house) connect(w way) *client {
	h.t.Helper()
	c := &client{
		t: h.t, way: w, base: h.web.URL + "/socket.io/?EIO=" + strconv.Itoa(w.eio),
		in: make(chan string, 1<<16), gone: make(chan struct{}), polled: make(chan struct{}),
	}
	if w.transport == "websocket" {
		c.dial("")
		go c.read()
	} else {
		packets, err := c.get("")
		if err != nil {
			h.t.Fatalf("%v: handshake: %v", w, err)
		}
		for _, p := range packets {
			c.in <- p
		}
		c.take("0")
		go c.polling()
	}
	if c.sid == "" {
		c.take("0")
	}
	h.t.Cleanup(c.close)
	return c
}

// take waits for the opening packet and learns the sid.
func (c *client) take(prefix string) {
	c.t.Helper()
	p := c.expect(func(p string) bool { return strings.HasPrefix(p, prefix+"{") })
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(p[1:]), &open); err != nil || open.SID == "" {
		c.t.Fatalf("%v: opening packet %q", c.way, p)
	}
	c.sid = open.SID
}

func (c *client) dial(query string) {
	c.t.Helper()
	url := "ws" + strings.TrimPrefix(c.base, "http") + "&transport=websocket" + query
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		c.t.Fatalf("%v: dial: %v", c.way, err)
	}
	c.ws = ws
}

func (c *client) read() {
	defer close(c.gone)
	defer close(c.in)
	for {
		_, p, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		c.keep(string(p))
	}
}

func (c *client) keep(p string) {
	if p == "2" && c.way.eio == 4 {
		c.send("3")
		return
	}
	if p == "6" {
		return
	}
	c.in <- p
}

func (c *client) get(sid string) ([]string, error) {
	resp, err := http.Get(c.base + "&transport=polling" + sid)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return c.split(string(body)), nil
}

func (c *client) split(body string) (packets []string) {
	if c.way.eio == 4 {
		return strings.Split(body, "\x1e")
	}
	for body != "" {
		digits, rest, _ := strings.Cut(body, ":")
		n, _ := strconv.Atoi(digits)
		end := 0 // the tests' text has no pairs of surrogates in polled payloads
		for ; n > 0; n-- {
			_, size := utf8.DecodeRuneInString(rest[end:])
			end += size
		}
		packets, body = append(packets, rest[:end]), rest[end:]
	}
	return packets
}

func (c *client) polling() {
	upgraded := false
	defer func() {
		close(c.polled)
		if !upgraded {
			close(c.gone)
			close(c.in)
		}
	}()
	for {
		c.mu.Lock()
		upgraded = c.stopPoll
		c.mu.Unlock()
		if upgraded {
			return
		}
		packets, err := c.get("&sid=" + c.sid)
		if err != nil {
			return
		}
		for _, p := range packets {
			c.keep(p)
		}
	}
}

// upgrade goes from polling to WebSocket as the clients do: probe, finish the last poll, take over.
func (c *client) upgrade() {
	c.t.Helper()
	c.dial("&sid=" + c.sid)
	c.probe()
	c.takeOver()
}

// probe tries the new transport.
func (c *client) probe() {
	c.t.Helper()
	c.must(c.ws.WriteMessage(websocket.TextMessage, []byte("2probe")))
	_, p, err := c.ws.ReadMessage()
	c.must(err)
	if string(p) != "3probe" {
		c.t.Fatalf("%v: probe answered by %q", c.way, p)
	}
}

// takeOver finishes polling and goes on by WebSocket.
func (c *client) takeOver() {
	c.t.Helper()
	c.mu.Lock()
	c.stopPoll = true
	c.mu.Unlock()
	select {
	case <-c.polled:
	case <-time.After(patience):
		c.t.Fatalf("%v: the last poll is not answered", c.way)
	}
	c.must(c.ws.WriteMessage(websocket.TextMessage, []byte("5")))
	c.mu.Lock()
	c.upgraded = true
	c.mu.Unlock()
	go c.read()
}

func (c *client) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%v: %v", c.way, err)
	}
}

func (c *client) send(packet string) {
	if c.onWebSocket() {
		c.writing.Lock()
		defer c.writing.Unlock()
		_ = c.ws.WriteMessage(websocket.TextMessage, []byte(packet))
		return
	}
	_, _ = c.post(packet)
}

func (c *client) onWebSocket() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upgraded || c.way.transport == "websocket"
}

func (c *client) post(packet string) (int, error) {
	body := packet
	if c.way.eio == 3 {
		body = strconv.Itoa(len([]rune(packet))) + ":" + packet
	}
	resp, err := http.Post(c.base+"&transport=polling&sid="+c.sid, "text/plain;charset=UTF-8", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// next is the next packet; ok is false when the connection ended.
func (c *client) next() (packet string, ok bool) {
	c.t.Helper()
	select {
	case p, ok := <-c.in:
		return p, ok
	case <-time.After(patience):
		c.t.Fatalf("%v: nothing comes", c.way)
		return "", false
	}
}

// expect skips packets until one fits.
func (c *client) expect(fits func(string) bool) string {
	c.t.Helper()
	for {
		p, ok := c.next()
		if !ok {
			c.t.Fatalf("%v: connection ended", c.way)
		}
		if fits(p) {
			return p
		}
	}
}

// join joins /storage.
func (c *client) join() {
	c.t.Helper()
	c.send("40/storage,")
	c.expect(func(p string) bool { return strings.HasPrefix(p, "40/storage,") })
}

// subscribe is the answer to a subscription.
func (c *client) subscribe(message string) string {
	c.t.Helper()
	c.send(`42/storage,7["subscribe",` + message + `]`)
	p := c.expect(func(p string) bool { return strings.HasPrefix(p, "43/storage,7") })
	return strings.TrimPrefix(p, "43/storage,7")
}

// joinAlarm joins /alarm.
func (c *client) joinAlarm() {
	c.t.Helper()
	c.send("40/alarm,")
	c.expect(func(p string) bool { return strings.HasPrefix(p, "40/alarm,") })
}

// hear is the answer to a subscription to alarms.
func (c *client) hear(message string) string {
	c.t.Helper()
	c.send(`42/alarm,8["subscribe",` + message + `]`)
	p := c.expect(func(p string) bool { return strings.HasPrefix(p, "43/alarm,8") })
	return strings.TrimPrefix(p, "43/alarm,8")
}

// ended waits for the end of the connection.
func (c *client) ended() {
	c.t.Helper()
	select {
	case <-c.gone:
	case <-time.After(patience):
		c.t.Fatalf("%v: the connection does not end", c.way)
	}
}

func (c *client) close() {
	if c.onWebSocket() {
		c.ws.Close()
	} else {
		_, _ = c.post("1")
	}
	select {
	case <-c.gone:
	case <-time.After(patience):
		c.t.Errorf("%v: reader does not end", c.way)
	}
}
