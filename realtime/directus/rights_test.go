package directus

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// late is a guard for whom all JSON web tokens have expired, once it is told so.
type late struct {
	*security.Guard
	now atomic.Bool
}

func (g *late) ByJWT(ctx context.Context, token string) (security.Identity, error) {
	if g.now.Load() {
		return security.Identity{}, security.ErrExpired
	}
	return g.Guard.ByJWT(ctx, token)
}

// TestLateToken: a connection outlives its JWT, but not the subject.
func TestLateToken(t *testing.T) {
	h := newHouse(t, Options{})
	guard := &late{Guard: h.guard}
	h.server.options.Guard = guard
	var clients []*client
	for _, name := range []string{"anna", "bert"} {
		c := h.connect(h.jwt(h.token(name, "api:test:read")))
		c.send(`{"type":"subscribe","collection":"test"}`)
		c.settled()
		clients = append(clients, c)
	}
	guard.now.Store(true)
	h.remove(security.Subjects, "bert")
	if code := clients[1].ended(); code != policyViolation {
		t.Errorf("close code %d", code)
	}
	h.insert("test", `{"test":"x"}`)
	clients[0].next()
}

// TestHiddenSubjects: of a subject nothing is told or found by what no client may see of it.
func TestHiddenSubjects(t *testing.T) {
	h := newHouse(t, Options{System: true, Rate: -1})
	admin := h.token("admin", "*")
	secret := h.token("target", "api:test:read")
	for _, filter := range []string{
		`{"filter":{"accessToken":{"_starts_with":"t"}}}`, `{"filter":{"accessToken":{"_nnull":true}}}`, `{"filter":{"notes":{"_nnull":true}}}`,
		`{"filter":{"digest":{"_nnull":true}}}`, `{"search":"` + secret + `"}`, `{"search":"` + secret[:8] + `"}`, `{"search":"` + secret[len(secret)-8:] + `"}`,
	} {
		h.connect(admin).ask(`{"type":"get","collection":"directus_users","query":`+filter+`}`, `{"type":"RESPONSE","data":[]}`)
	}
	var listeners []*client
	for _, subscribe := range []string{
		`{"type":"subscribe","collection":"directus_users"}`, `{"type":"subscribe","collection":"directus_users","uid":"a"}`,
		`{"type":"subscribe","collection":"directus_users","event":"update"}`,
	} {
		c := h.connect(admin)
		c.send(subscribe)
		if strings.Contains(subscribe, "event") {
			c.next()
		} else {
			c.settled()
		}
		listeners = append(listeners, c)
	}
	var list []map[string]any
	text, err := h.guard.List(t.Context(), security.Operator(), security.Subjects)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range list {
		if subject["name"] != "target" {
			continue
		}
		for _, change := range []string{"notes", "name"} {
			subject[change] = "seen"
			body, err := json.Marshal(subject)
			if err == nil {
				_, err = h.guard.Replace(t.Context(), security.Operator(), security.Subjects, body)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range listeners {
		if event := c.next(); !strings.Contains(event, "seen") || strings.Contains(event, secret) {
			t.Error(event)
		}
	}
}

// TestTombstones: no query finds what is deleted, and no write by its dotted name makes a mark of ours.
func TestTombstones(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	c := h.connect(h.token("anna", "api:*:*"))
	c.ask(`{"type":"post","collection":"todo","data":{"s":"gone"},"query":{"fields":"id"}}`, `{"type":"RESPONSE","data":{"id":1}}`)
	c.ask(`{"type":"post","collection":"todo","data":{"s":"here"},"query":{"fields":"id"}}`, `{"type":"RESPONSE","data":{"id":2}}`)
	c.ask(`{"type":"delete","collection":"todo","id":1}`, `{"type":"RESPONSE","data":1}`)
	for _, query := range []string{
		`{"filter":{"id":1}}`, `{"filter":{"_or":[{"id":1},{"s":"gone"}]}}`, `{"search":"gone"}`, `{"search":"1"}`, `{"filter":{"identifier":"1"}}`,
		`{"filter":{"s":{"_null":true}}}`, `{"offset":1}`, `{"filter":{"srvModified":{"_gt":0}},"offset":1}`,
	} {
		c.ask(`{"type":"get","collection":"todo","query":`+query+`}`, `{"type":"RESPONSE","data":[]}`)
	}
	c.ask(`{"type":"get","collection":"todo","query":{"aggregate":{"count":"*","max":"srvModified"},"group":"id","fields":["*"],"sort":"isValid"}}`, refusal(400, "INVALID_QUERY"))
	c.ask(`{"type":"patch","collection":"todo","id":1,"data":{"s":"back"}}`, refusal(403, "FORBIDDEN"))
	for _, name := range []string{"isValid.x", "_nw.rev", "_nw", "identifier.x", "srvModified.x", "subject.x", "id.x", "_id", "_id.x", "isValid", "isReadOnly.x"} {
		c.send(`{"type":"patch","collection":"todo","id":2,"data":{"` + name + `":5}}`)
		c.next()
	}
	for doc, err := range h.engine.Find(t.Context(), "todo", storage.Query{Filter: storage.Filter{Op: storage.Eq, Path: "identifier", Value: `"2"`}}) {
		if err != nil {
			t.Fatal(err)
		}
		t.Log(doc)
		for _, name := range []string{"isValid", "srvModified", "subject", "identifier", "id"} {
			if doc.Get(name).Type() == storage.Object {
				t.Errorf("%s: %s", name, doc)
			}
		}
		if doc.Get("_nw") != "" || doc.Get("_id") != "" {
			t.Error(doc)
		}
	}
}
