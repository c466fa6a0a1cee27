package socketio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"nightwire/realtime"
	"nightwire/realtime/socketio/engineio"
	"nightwire/security"
	"nightwire/storage"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// house is a server with all that it needs, except a database.
type house struct {
	t       testing.TB
	journal *journal
	guard   *security.Guard
	people  *people
	server  *Server
	web     *httptest.Server
	stop    func()

	connectTimeout time.Duration
}

func newHouse(t testing.TB, o engineio.Options) *house {
	t.Helper()
	return buildHouse(t, o, 0)
}

func buildHouse(t testing.TB, o engineio.Options, connectTimeout time.Duration) *house {
	t.Helper()
	h := &house{t: t, connectTimeout: connectTimeout, journal: newJournal(), people: &people{records: map[string]security.Record{}}}
	guard, err := security.NewGuard(security.Options{
		Accounts: h.people, APISecret: "a long enough secret", JWTKey: bytes.Repeat([]byte("k"), 64),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.guard = guard
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	hub, err := realtime.Open(context.Background(), h.journal, guard, storage.Nightscout(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); hub.Run(ctx) }()
	h.server = New(hub, guard, Options{Engine: o, ConnectTimeout: h.connectTimeout, Log: log})
	h.web = httptest.NewServer(h.server.Handler())
	h.stop = sync.OnceFunc(func() {
		closing, done := context.WithTimeout(context.Background(), patience)
		defer done()
		if err := h.server.Close(closing); err != nil {
			t.Errorf("close: %v", err)
		}
		cancel()
		<-ended
		h.web.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// token makes a subject with these permissions.
func (h *house) token(name string, permissions ...string) string {
	h.t.Helper()
	h.people.role(name+"-role", permissions...)
	h.guard.Raise()
	token, err := h.guard.EnsureSubject(context.Background(), name, name+"-role")
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// people keeps accounts in memory.
type people struct {
	mu      sync.Mutex
	records map[string]security.Record
	fail    error
}

func (p *people) List(_ context.Context, kind security.AccountKind) ([]security.Record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return nil, p.fail
	}
	var list []security.Record
	for key, r := range p.records {
		if strings.HasPrefix(key, string(kind)) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (p *people) Put(_ context.Context, kind security.AccountKind, r security.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records[string(kind)+r.ID] = r
	return nil
}

func (p *people) Delete(_ context.Context, kind security.AccountKind, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.records, string(kind)+id)
	return nil
}

func (p *people) role(name string, permissions ...string) {
	text, _ := json.Marshal(map[string]any{"name": name, "permissions": permissions})
	_ = p.Put(context.Background(), security.Roles, security.Record{ID: fmt.Sprintf("%x", name+"000000000000")[:24], JSON: text})
}

// forget deletes all subjects.
func (p *people) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.records {
		if strings.HasPrefix(key, string(security.Subjects)) {
			delete(p.records, key)
		}
	}
}

// journal keeps changes in memory. A cursor is the number of changes before it.
type journal struct {
	mu      sync.Mutex
	changes []storage.Change
	grown   chan struct{} // closed when there are more
	fail    error
}

func newJournal() *journal { return &journal{grown: make(chan struct{})} }

func (j *journal) Head(context.Context) (storage.Cursor, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return storage.Cursor(strconv.Itoa(len(j.changes))), nil
}

func (j *journal) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		at, _ := strconv.Atoi(string(after))
		for {
			j.mu.Lock()
			news, grown, fail := j.changes[at:], j.grown, j.fail
			j.fail = nil
			j.mu.Unlock()
			if fail != nil {
				yield(storage.Change{}, fail)
				return
			}
			for _, c := range news {
				at++
				c.Cursor = storage.Cursor(strconv.Itoa(at))
				if !yield(c, nil) {
					return
				}
			}
			if len(news) > 0 {
				continue
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (j *journal) write(changes ...storage.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes = append(j.changes, changes...)
	close(j.grown)
	j.grown = make(chan struct{})
}

func (j *journal) break_(err error) {
	j.mu.Lock()
	j.fail = err
	j.mu.Unlock()
	j.write()
}

// entry is the creation of the nth entry.
func entry(n int) storage.Change {
	id := strconv.Itoa(n)
	return storage.Change{
		Kind: storage.Create, Collection: "entries", Identifier: id,
		After: storage.Document(`{"identifier":"` + id + `","sgv":` + id + `,"srvModified":1795237792930,"srvCreated":1795237792930}`),
	}
}

// entryEvent is what clients are sent for it.
func entryEvent(n int) string {
	return fmt.Sprintf(`42/storage,["create",{"colName":"entries","doc":%s}]`, entry(n).After)
}

// transports and revisions are all the ways in which a client can connect.
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

	mu       sync.Mutex
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
		c.take1(string(p))
	}
}

func (c *client) take1(p string) {
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
			c.take1(p)
		}
	}
}

// upgrade goes from polling to WebSocket as the clients do: probe, finish the last poll, take over.
func (c *client) upgrade() {
	c.t.Helper()
	c.dial("&sid=" + c.sid)
	c.must(c.ws.WriteMessage(websocket.TextMessage, []byte("2probe")))
	_, p, err := c.ws.ReadMessage()
	c.must(err)
	if string(p) != "3probe" {
		c.t.Fatalf("%v: probe answered by %q", c.way, p)
	}
	c.mu.Lock()
	c.stopPoll = true
	c.mu.Unlock()
	select {
	case <-c.polled:
	case <-time.After(patience):
		c.t.Fatalf("%v: the last poll is not answered", c.way)
	}
	c.must(c.ws.WriteMessage(websocket.TextMessage, []byte("5")))
	go c.read()
}

func (c *client) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%v: %v", c.way, err)
	}
}

func (c *client) send(packet string) {
	if c.ws != nil {
		_ = c.ws.WriteMessage(websocket.TextMessage, []byte(packet))
		return
	}
	_, _ = c.post(packet)
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
	if c.ws != nil {
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
