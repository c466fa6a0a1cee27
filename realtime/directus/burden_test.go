package directus

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// insert stores new documents, and returns the group of their changes.
func (h *house) insert(collection string, docs ...storage.Document) string {
	h.t.Helper()
	results, err := h.documents.Insert(h.t.Context(), storage.Request{Who: security.Operator()}, collection, docs)
	if err != nil {
		h.t.Fatal(err)
	}
	return results[0].Change.Group
}

// TestHeldByTopics: what is held for a subscription is small: no long uids and queries, and no events once they are told.
func TestHeldByTopics(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("anna", "api:test:read")
	legacy, core := h.connect(token), h.dial("?dialect=core&access_token="+token)
	uid, query := strings.Repeat("u", maxUID), `{"filter":{"test":{"_in":["`+strings.Repeat("q", maxQuery)+`"]}}}`
	legacy.ask(`{"type":"subscribe","collection":"test","uid":"`+uid+`"}`, refusal(400, "INVALID_PAYLOAD", `,"uid":"`+uid+`"`))
	legacy.ask(`{"type":"subscribe","collection":"test","query":`+query+`}`, refusal(400, "INVALID_QUERY"))
	for _, member := range []string{`"uid":"` + uid + `"`, `"query":` + query} {
		core.send(`{"type":"subscribe","collection":"test",` + member + `}`)
		if answer := core.next(); !strings.Contains(answer, "too long") {
			t.Error(answer)
		}
	}
	legacy.send(`{"type":"subscribe","collection":"test","uid":"a"}`)
	legacy.settled()
	group := h.insert("test", `{"test":"x"}`)
	legacy.next()
	select {
	case <-h.hub.Told(group):
	case <-time.After(patience):
		t.Fatal("not told")
	}
	for key, v := range h.server.topics.views.All() {
		if v.last != nil {
			t.Errorf("%v holds its last event", key)
		}
	}
}

// TestTextsOfAQuery: all texts of a query together that are looked for within others are limited.
func TestTextsOfAQuery(t *testing.T) {
	var parts []string
	for i := range 5 {
		parts = append(parts, fmt.Sprintf(`{"test":{"_icontains":"%s%d"}}`, strings.Repeat("a", maxText/4-1), i))
	}
	for n, ok := range map[int]bool{4: true, 5: false} {
		_, err := parseFilter(storage.Value(`{"_or":[`+strings.Join(parts[:n], ",")+`]}`), queryOptions{}.complete())
		if (err == nil) != ok {
			t.Errorf("%d: %v", n, err)
		}
	}
}

// TestGone: what is looked for is given up when the client leaves; what it wanted to be written is written.
func TestGone(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	var docs []storage.Document
	for range 1000 {
		docs = append(docs, storage.Document(`{"test":"`+strings.Repeat("x", 1000)+`"}`))
	}
	for range 20 {
		h.insert("test", docs...)
	}
	heard := h.connect(h.token("anna", "api:test:read"))
	heard.send(`{"type":"subscribe","collection":"test","query":{"filter":{"n":7}}}`)
	heard.settled()
	client := h.connect(h.token("bert", "api:test:*"))
	slow := `{"type":"get","collection":"test","query":{"limit":1,"search":"` + strings.Repeat("xX", 400) + `no"}}`
	client.send(slow)
	began := time.Now()
	client.next()
	alone := time.Since(began)
	for range 14 {
		client.send(slow)
	}
	client.send(`{"type":"post","collection":"test","data":{"n":7}}`)
	began = time.Now()
	if err := client.ws.Close(); err != nil {
		t.Fatal(err)
	}
	heard.next()
	if took := time.Since(began); took > 7*alone {
		t.Errorf("it was worked on for %v, a search takes %v", took, alone)
	}
}

// TestLargeAnswers: few large answers are made at once, also while clients do not take theirs; all are answered.
func TestLargeAnswers(t *testing.T) {
	h := newHouse(t, Options{})
	h.insert("todo", storage.Document(`{"s":"`+strings.Repeat("x", 3<<20)+`"}`))
	token := h.token("anna", "api:todo:read")
	var clients []*client
	for range 3 * largeAnswers {
		clients = append(clients, h.connect(token))
		clients[len(clients)-1].send(`{"type":"get","collection":"todo"}`)
	}
	most := 0
	for _, c := range clients {
		most = max(most, len(h.server.memory.places))
		if answer := c.next(); len(answer) < 3<<20 {
			t.Errorf("%.200s", answer)
		}
	}
	if most > largeAnswers {
		t.Errorf("%d at once", most)
	}
	for _, c := range clients {
		c.settled() // worked on after the answer was taken
	}
	if left := h.server.memory.unsent.Load(); left != 0 || len(h.server.memory.places) != 0 {
		t.Errorf("%d bytes and %d places are still taken", left, len(h.server.memory.places))
	}
	h.server.memory.unsent.Store(maxUnsent + 1)
	clients[0].ask(`{"type":"get","collection":"todo"}`, refusal(503, "SERVICE_UNAVAILABLE"))
	clients[0].ask(`{"type":"get","collection":"todo","query":{"aggregate":{"count":"*"}}}`, `{"type":"RESPONSE","data":[{"count":1}]}`)
}
