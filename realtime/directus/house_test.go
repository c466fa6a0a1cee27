package directus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nightwire/realtime"
	"nightwire/realtime/realtimetest"
	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// house is a server with all that it needs.
type house struct {
	t         testing.TB
	engine    storage.Engine
	guard     *security.Guard
	documents *storage.Documents
	hub       *realtime.Hub
	server    *Server
	web       *httptest.Server
	stop      func()
}

// columns are those of the recordings.
var columns = []string{"test", "status", "n", "hidden_note"}

func collections() []storage.Collection {
	return append(storage.Nightscout(),
		storage.Collection{Name: "test", IDs: storage.CountedIDs, Fields: columns},
		storage.Collection{Name: "secret", IDs: storage.CountedIDs, Fields: columns},
		storage.Collection{Name: "Mixed", IDs: storage.CountedIDs, Fields: columns},
		storage.Collection{Name: "todo", IDs: storage.CountedIDs},
		storage.Collection{Name: "thing", IDs: storage.UUIDs},
	)
}

func newHouse(t testing.TB, o Options) *house {
	t.Helper()
	h := &house{t: t}
	h.open(t)
	log := slog.New(slog.DiscardHandler)
	h.documents = storage.NewDocuments(h.engine, h.guard, storage.Options{Collections: collections(), Zone: time.UTC, Log: log})
	hub, err := realtime.Open(t.Context(), h.engine, h.guard, h.documents.Collections(), log)
	if err != nil {
		t.Fatal(err)
	}
	h.hub = hub
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); hub.Run(ctx) }()
	o.Hub, o.Documents, o.Guard, o.Log = hub, h.documents, h.guard, log
	h.server = New(o)
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
		h.documents.Close()
		if err := h.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.stop)
	return h
}

func (h *house) open(t testing.TB) {
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h.engine = engine
	h.guard, err = security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(engine), APISecret: "0123456789abcdef", JWTKey: []byte(strings.Repeat("k", 64)),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// token makes a subject with these permissions.
func (h *house) token(name string, permissions ...string) string {
	h.t.Helper()
	h.role(name+"-role", permissions...)
	return realtimetest.PutSubject(h.t, h.guard, name, name+"-role")
}

func (h *house) role(name string, permissions ...string) {
	h.t.Helper()
	realtimetest.PutRole(h.t, h.guard, name, permissions...)
}

// remove deletes a subject or a role.
func (h *house) remove(kind security.AccountKind, name string) {
	h.t.Helper()
	realtimetest.Remove(h.t, h.guard, kind, name)
}

// url is where to connect, with that query.
func (h *house) url(query string) string {
	return "ws" + strings.TrimPrefix(h.web.URL, "http") + "/websocket" + query
}

// client is a WebSocket client as its user sees it.
type client struct {
	t  testing.TB
	ws *websocket.Conn
}

// connect opens a connection, with a token unless it is "".
func (h *house) connect(token string) *client {
	h.t.Helper()
	query := ""
	if token != "" {
		query = "?api_token=" + token
	}
	return h.dial(query)
}

func (h *house) dial(query string) *client {
	h.t.Helper()
	ws, answer, err := websocket.DefaultDialer.DialContext(h.t.Context(), h.url(query), nil)
	if err != nil {
		h.t.Fatalf("%v (%v)", err, answer)
	}
	c := &client{h.t, ws}
	h.t.Cleanup(func() { ws.Close() })
	return c
}

// status is how an upgrade is answered.
func (h *house) status(query string, header http.Header) int {
	h.t.Helper()
	ws, answer, err := websocket.DefaultDialer.DialContext(h.t.Context(), h.url(query), header)
	if err == nil {
		ws.Close()
	}
	if answer == nil {
		h.t.Fatal(err)
	}
	return answer.StatusCode
}

func (c *client) send(message string) {
	c.t.Helper()
	if err := c.ws.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		c.t.Fatal(err)
	}
}

// next is the next message.
func (c *client) next() string {
	c.t.Helper()
	if err := c.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	kind, message, err := c.ws.ReadMessage()
	if err != nil || kind != websocket.TextMessage {
		c.t.Fatalf("no message: %v", err)
	}
	return string(message)
}

// want wants the next messages to be these.
func (c *client) want(messages ...string) {
	c.t.Helper()
	for _, want := range messages {
		if got := c.next(); got != want {
			c.t.Fatalf("\ngot  %s\nwant %s", got, want)
		}
	}
}

// ask sends a message and wants its answer to be this.
func (c *client) ask(message, want string) {
	c.t.Helper()
	c.send(message)
	if got := c.next(); got != want {
		c.t.Fatalf("%s\ngot  %s\nwant %s", message, got, want)
	}
}

// settled wants nothing to have come: a request that is answered in order shows it. The connection speaks a dialect of the
// extension.
func (c *client) settled() {
	c.t.Helper()
	c.ask(`{"type":"settled?"}`, refusal(400, "INVALID_PAYLOAD"))
}

// refusal is an error of the legacy dialect; more is what follows data.
func refusal(status int, code string, more ...string) string {
	return fmt.Sprintf(`{"type":"ERROR","data":{"status":%d,"code":"%s"}%s}`, status, code, strings.Join(more, ""))
}

// ended waits for the connection's end and returns the close code; 1006 when there was none.
func (c *client) ended() int {
	c.t.Helper()
	if err := c.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	for {
		_, _, err := c.ws.ReadMessage()
		var closed *websocket.CloseError
		switch {
		case errors.As(err, &closed):
			return closed.Code
		case err != nil:
			return websocket.CloseAbnormalClosure
		}
	}
}
