package users

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/realtime/realtimetest"
	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

var jwtKey = []byte(strings.Repeat("k", 64))

// house is a server with all that it needs.
type house struct {
	t         testing.TB
	engine    storage.Engine
	guard     *security.Guard
	documents *storage.Documents
	hub       *realtime.Hub
	server    *Server
	web       *httptest.Server
	log       *journal
	tells     atomic.Bool // what happens to accounts
	stop      func()
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// configured is a configuration that approves localhost, changed.
func configured(change func(*Config)) Options {
	c := DefaultConfig()
	c.ApprovedSocketDomains = []string{"localhost", "^dup$", "dup"}
	if change != nil {
		change(&c)
	}
	return Options{Config: c}
}

func newHouse(t testing.TB, o Options) *house {
	t.Helper()
	return openHouse(t, o, httptest.NewServer, func(j realtime.Journal) realtime.Journal { return j })
}

// openHouse is newHouse with a hub that follows what wrap makes of the journal.
func openHouse(t testing.TB, o Options, serve func(http.Handler) *httptest.Server, wrap func(realtime.Journal) realtime.Journal) *house {
	t.Helper()
	h := &house{t: t, log: &journal{}}
	log := slog.New(slog.NewTextHandler(h.log, nil))
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h.engine = engine
	h.guard, err = security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(engine), APISecret: "0123456789abcdef", JWTKey: jwtKey,
		Happened: func(ctx context.Context, events []security.AccountEvent) {
			if !h.tells.Load() {
				return
			}
			if err := storage.PublishAccountEvents(ctx, engine, events); err != nil {
				t.Error(err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	collections := append(storage.Nightscout(), storage.Collection{Name: "todo", IDs: storage.CountedIDs})
	h.documents = storage.NewDocuments(engine, h.guard, storage.Options{Collections: collections, Zone: time.UTC, Log: log})
	h.hub, err = realtime.Open(t.Context(), wrap(engine), h.guard, collections, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); h.hub.Run(ctx) }()
	o.Hub, o.Engine, o.Meta, o.Guard, o.Log = h.hub, engine, storage.NewMeta(engine, h.guard), h.guard, log
	if h.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	h.web = serve(h.server.Handler())
	h.stop = sync.OnceFunc(func() {
		closing, done := context.WithTimeout(context.Background(), patience)
		defer done()
		if err := h.server.Close(closing); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(func() {
		h.stop()
		cancel()
		<-ended
		h.web.Close()
		h.documents.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// put makes or replaces an account of a name and returns its _id.
func (h *house) put(kind security.AccountKind, id string, fields map[string]any) string {
	h.t.Helper()
	keep := h.guard.Create
	if id != "" {
		fields["_id"], keep = id, h.guard.Replace
	}
	body, err := json.Marshal(fields)
	var kept []byte
	if err == nil {
		kept, err = keep(h.t.Context(), security.Operator(), kind, body)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return storage.Document(strings.Trim(string(kept), "[]")).Get("_id").Text()
}

// token makes a subject with these permissions, by a role of its name.
func (h *house) token(name string, permissions ...string) string {
	h.t.Helper()
	realtimetest.PutRole(h.t, h.guard, name, permissions...)
	return realtimetest.PutSubject(h.t, h.guard, name, name)
}

// remove deletes a subject or a role.
func (h *house) remove(kind security.AccountKind, name string) {
	h.t.Helper()
	realtimetest.Remove(h.t, h.guard, kind, name)
}

// by is a request of the subject whose token it is; of the operator where there is none.
func (h *house) by(token string) storage.Request {
	h.t.Helper()
	if token == "" {
		return storage.Request{Who: security.Operator()}
	}
	who, err := h.guard.ByAccessToken(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return storage.Request{Who: who}
}

// insert stores a document and returns its identifier.
func (h *house) insert(token, collection, doc string) string {
	h.t.Helper()
	decoded, err := storage.DecodeDocument([]byte(doc))
	if err != nil {
		h.t.Fatal(err)
	}
	results, err := h.documents.Insert(h.t.Context(), h.by(token), collection, []storage.Document{decoded})
	if err != nil {
		h.t.Fatal(err)
	}
	return results[0].Identifier
}

func (h *house) delete(token, collection, identifier string, permanent bool) {
	h.t.Helper()
	if _, err := h.documents.Delete(h.t.Context(), h.by(token), collection, identifier, permanent); err != nil {
		h.t.Fatal(err)
	}
}

// handshake is a client's request, with these headers more.
func handshake(path string, headers ...string) string {
	request := "GET " + path + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, header := range headers {
		request += header + "\r\n"
	}
	return request + "\r\n"
}

// accepted is the answer to it, with these headers more.
func accepted(headers ...string) string {
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	for _, header := range headers {
		answer += header + "\r\n"
	}
	return answer + "\r\n"
}

// client is a client that sees every byte.
type testClient struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

// raw opens a TCP connection and writes to it.
func (h *house) raw(text string) *testClient {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.web.Listener.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := &testClient{h.t, conn, bufio.NewReader(conn)}
	c.write(text)
	return c
}

// connect opens an approved connection with these headers more.
func (h *house) connect(headers ...string) *testClient {
	h.t.Helper()
	c := h.raw(handshake("/", append([]string{"Origin: http://localhost"}, headers...)...))
	c.reads(accepted())
	return c
}

// as opens an approved connection with a token.
func (h *house) as(token string) *testClient {
	h.t.Helper()
	return h.connect("Authorization: Bearer " + token)
}

func (c *testClient) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// reads checks what comes next, byte by byte.
func (c *testClient) reads(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.r, got); err != nil || string(got) != want {
		c.t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

// ends checks that the TCP stream ends here.
func (c *testClient) ends() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		c.t.Fatalf("read %q, %v; want the end", rest, err)
	}
}

// masked is a client's frame; its mask is zero.
func masked(first byte, payload string) string {
	f := []byte{first}
	switch {
	case len(payload) < 126:
		f = append(f, 0x80|byte(len(payload)))
	case len(payload) < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(len(payload)))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(len(payload)))
	}
	return string(f) + "\x00\x00\x00\x00" + payload
}

func (c *testClient) says(messages ...string) {
	c.t.Helper()
	for _, m := range messages {
		c.write(masked(0x81, m))
	}
}

// frame is the next frame.
func (c *testClient) frame() (opcode byte, payload string) {
	c.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(c.r, head); err != nil {
		c.t.Fatalf("no frame: %v", err)
	}
	size := uint64(head[1])
	if wide := map[byte]int{126: 2, 127: 8}[head[1]]; wide > 0 {
		digits := make([]byte, 8)
		if _, err := io.ReadFull(c.r, digits[8-wide:]); err != nil {
			c.t.Fatal(err)
		}
		size = binary.BigEndian.Uint64(digits)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.r, body); err != nil {
		c.t.Fatal(err)
	}
	return head[0], string(body)
}

// hears checks that the next frames are these texts, byte by byte.
func (c *testClient) hears(texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		if opcode, got := c.frame(); opcode != 0x81 || got != want {
			c.t.Fatalf("\ngot  %x %.300q\nwant %.300q", opcode, got, want)
		}
	}
}

// asks checks the answer to a message.
func (c *testClient) asks(message, answer string) {
	c.t.Helper()
	c.says(message)
	c.hears(answer)
}

// hearsNothing checks that nothing comes before the answer to an echo.
func (c *testClient) hearsNothing() {
	c.t.Helper()
	c.asks(`{"eventType":10,"message":"nothing?"}`, `{"eventType":10,"message":"nothing?"}`)
}

// everybodyHears checks that a broadcast is the next that these hear.
func everybodyHears(clients ...*testClient) {
	clients[0].t.Helper()
	clients[0].says(`{"eventType":10,"message":"all?","broadcast":true}`)
	for _, c := range clients {
		c.hears(`{"eventType":10,"message":"all?"}`)
	}
}
