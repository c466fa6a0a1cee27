package daptin

import (
	"context"
	"errors"
	"io"
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

var jwtKey = []byte(strings.Repeat("k", 64))

// house is a server with all that it needs.
type house struct {
	t         testing.TB
	engine    storage.Engine
	guard     *security.Guard
	documents *storage.Documents
	topics    *storage.Topics
	hub       *realtime.Hub
	server    *Server
	web       *httptest.Server // the websocket; /publish is its HTTP twin
	stop      func()
}

func collections() []storage.Collection {
	return append(storage.Nightscout(),
		storage.Collection{Name: "todo", IDs: storage.UUIDs, Fields: []string{"title", "count", "done"}},
		storage.Collection{Name: "document", IDs: storage.UUIDs},
		storage.Collection{Name: "counted", IDs: storage.CountedIDs},
	)
}

func newHouse(t testing.TB, o Options) *house {
	t.Helper()
	return openHouse(t, o, func(j realtime.Journal) realtime.Journal { return j })
}

// openHouse is newHouse with a hub that follows what wrap makes of the journal.
func openHouse(t testing.TB, o Options, wrap func(realtime.Journal) realtime.Journal) *house {
	t.Helper()
	h := &house{t: t}
	log := slog.New(slog.DiscardHandler)
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h.engine = engine
	h.guard, err = security.NewGuard(security.Options{
		Accounts: h.accounts(), APISecret: "0123456789abcdef", JWTKey: jwtKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.documents = storage.NewDocuments(engine, h.guard, storage.Options{Collections: collections(), Zone: time.UTC, Log: log})
	h.topics = storage.NewTopics(engine, h.guard, storage.TopicOptions{Collections: h.documents.Collections()})
	h.hub, err = realtime.Open(t.Context(), wrap(engine), h.guard, h.documents.Collections(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); h.hub.Run(ctx) }()
	o.Hub, o.Documents, o.Topics, o.Guard, o.Log = h.hub, h.documents, h.topics, h.guard, log
	h.server = New(o)
	mux := http.NewServeMux()
	mux.Handle("/live", h.server.Handler())
	mux.Handle("/publish", h.server.PublishHandler())
	h.web = httptest.NewServer(mux)
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
		if err := h.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) accounts() security.Accounts { return storage.NewAccounts(h.engine) }

// token makes a subject with these permissions, by a role of its name.
func (h *house) token(name string, permissions ...string) string {
	h.t.Helper()
	h.role(name, permissions...)
	return realtimetest.PutSubject(h.t, h.guard, name, name)
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

// by is a request of the subject whose token it is.
func (h *house) by(token string) storage.Request {
	h.t.Helper()
	who, err := h.guard.ByAccessToken(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return storage.Request{Who: who}
}

// insert stores a document as the operator, or as by says, and returns its identifier.
func (h *house) insert(collection, doc string, by ...storage.Request) string {
	h.t.Helper()
	r := storage.Request{Who: security.Operator()}
	if len(by) > 0 {
		r = by[0]
	}
	results, err := h.documents.Insert(h.t.Context(), r, collection, []storage.Document{storage.Document(doc)})
	if err != nil {
		h.t.Fatal(err)
	}
	return results[0].Identifier
}

func (h *house) patch(collection, identifier, patch string) {
	h.t.Helper()
	_, err := h.documents.Patch(h.t.Context(), storage.Request{Who: security.Operator()}, collection, identifier, storage.Document(patch))
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) delete(collection, identifier string, permanent bool) {
	h.t.Helper()
	_, err := h.documents.Delete(h.t.Context(), storage.Request{Who: security.Operator()}, collection, identifier, permanent)
	if err != nil {
		h.t.Fatal(err)
	}
}

// url is where to connect, with that query.
func (h *house) url(query string) string {
	return "ws" + strings.TrimPrefix(h.web.URL, "http") + "/live" + query
}

// client is a WebSocket client as its user sees it.
type client struct {
	t  testing.TB
	ws *websocket.Conn
}

// connect opens a connection with a token and further parameters, as in &protocol=doc.
func (h *house) connect(token string, more ...string) *client {
	h.t.Helper()
	return h.dial("?token="+token+strings.Join(more, ""), nil)
}

func (h *house) dial(query string, header http.Header) *client {
	h.t.Helper()
	ws, answer, err := websocket.DefaultDialer.DialContext(h.t.Context(), h.url(query), header)
	if err != nil {
		h.t.Fatalf("%v (%v)", err, answer)
	}
	h.t.Cleanup(func() { ws.Close() })
	return &client{h.t, ws}
}

// get is the answer to a plain request.
func (h *house) get(path string) (status int, body string) {
	h.t.Helper()
	answer, err := http.Get(h.web.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func (c *client) send(messages ...string) {
	c.t.Helper()
	for _, message := range messages {
		if err := c.ws.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			c.t.Fatal(err)
		}
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

// event is an event in the dialect of the document.
func event(source, kind, topic, data string) string {
	return `{"MessageSource":"` + source + `","EventType":"` + kind + `","ObjectType":"` + topic + `","EventData":` + data + `}`
}
