package daptin

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// What a connection says first decides how it is spoken to for good.
func TestDialectIsLatched(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	for name, c := range map[string]struct {
		query    string
		requests []string
		want     Dialect
	}{
		"string id":                       {"", []string{`{"id":"a","method":"nope"}`}, Typed},
		"string id, document's verb":      {"", []string{`{"id":"a","method":"unsubscribe","attributes":{"topic":"x"}}`}, Typed},
		"number as id":                    {"", []string{`{"id":5,"method":"list-topic"}`}, Doc},
		"empty id":                        {"", []string{`{"id":"","method":"list-topic"}`}, Doc},
		"typed verb":                      {"", []string{`{"method":"get-topic-permission"}`}, Typed},
		"typed name of a verb":            {"", []string{`{"method":"create-topicName"}`}, Typed},
		"topicName":                       {"", []string{`{"method":"unsubscribe","attributes":{"topicName":"x"}}`}, Typed},
		"topic":                           {"", []string{subscribe("nosuch"), `{"method":"ping"}`, `{"id":"a","method":"nope"}`}, Doc},
		"malformed and unknown, then id":  {"", []string{`hello`, `{}`, `{"method":"nope"}`, `{"id":"a"}`}, Typed},
		"malformed and unknown, then not": {"", []string{`hello`, `{}`, listTopics, `{"id":"a","method":"ping"}`}, Doc},
		"asked for the document":          {"&protocol=doc", []string{`{"id":"a","method":"ping"}`}, Doc},
		"asked for version 1":             {"&v=1", []string{`{"method":"ping"}`}, Doc},
		"asked for typed":                 {"&protocol=typed", []string{listTopics}, Typed},
		"asked for version 2":             {"&v=2", []string{listTopics}, Typed},
	} {
		t.Run(name, func(t *testing.T) {
			at := h.connect(token, c.query)
			at.t = t
			at.send(c.requests...)
			at.send(`{"id":"last","method":"list-topic"}`)
			first := at.next()
			if spoken := dialectOfFrame(first); spoken != c.want {
				t.Fatalf("speaks %s: %s", spoken, first)
			}
			for frame := first; c.want == Typed && !strings.Contains(frame, `"last"`); frame = at.next() {
				if (frame == first) != strings.Contains(frame, `"session"`) {
					t.Errorf("not one session frame, first: %s", frame)
				}
			}
		})
	}
}

func dialectOfFrame(frame string) Dialect {
	if strings.HasPrefix(frame, `{"type":`) {
		return Typed
	}
	return Doc
}

func TestDocumentWhereTypedIsTheDefault(t *testing.T) {
	h := newHouse(t, Options{Protocol: Typed})
	token := h.token("alice", "api:*:*")
	if first := h.connect(token).next(); !strings.Contains(first, `"session"`) {
		t.Errorf("first frame %s", first)
	}
	h.connect(token, "&protocol=doc").settled()
}

// An event is the same in both dialects, but for its envelope.
func TestEventsAreTheSameInBothDialects(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "*")
	doc, typed := h.connect(token), h.connect(token)
	doc.send(`{"method":"create-topic","attributes":{"name":"room"}}`, subscribe("todo,room,user_account"))
	doc.settled()
	typed.send(`{"id":"a","method":"subscribe","attributes":{"topicName":"todo,room,user_account"}}`)
	for range 4 {
		typed.next() // the session and three answers
	}
	id := h.insert("todo", `{"title":"<x>"}`)
	h.patch("todo", id, `{"count":7}`)
	h.delete("todo", id, true)
	doc.send(`{"method":"new-message","attributes":{"topic":"room","message":{"b":"&","a":1}}}`)
	doc.send(`{"method":"new-message","attributes":{"topic":"room"}}`)
	for range 5 {
		var told struct {
			MessageSource, EventType, ObjectType string
			EventData                            json.RawMessage
		}
		text := doc.next()
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			t.Fatal(err)
		}
		want := `{"type":"event","topic":"` + told.ObjectType + `","event":"` + told.EventType + `","source":"` + told.MessageSource +
			`","data":"` + base64.StdEncoding.EncodeToString(told.EventData) + `"}`
		if got := typed.next(); got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
	// What is no object has no place in the document's envelope.
	if err := h.topics.Publish(t.Context(), h.by(token), "room", `[1,"x"]`); err != nil {
		t.Fatal(err)
	}
	doc.want(event(reference("alice"), "new-message", "room", "null"))
	if got := typed.next(); !strings.Contains(got, base64.StdEncoding.EncodeToString([]byte(`[1,"x"]`))) {
		t.Errorf("heard %s", got)
	}
}

// Equal subscriptions share a form, unequal ones of a topic the view under it, and nothing is left of what has ended.
func TestSubscribersShare(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	a, b, other := h.connect(token), h.connect(token), h.connect(token)
	a.send(subscribe("todo", `{"a":1,"b":2}`))
	b.send(subscribe("todo", `{"b":2.0,"a":1}`), subscribe("document"))
	other.send(subscribe("todo"))
	for _, c := range []*client{a, b, other} {
		c.settled()
	}
	if forms, views := h.server.forms.Len(), h.server.views.Len(); forms != 3 || views != 2 {
		t.Errorf("%d forms and %d views", forms, views)
	}
	h.insert("todo", `{"a":1,"b":2}`)
	if one, two, three := a.next(), b.next(), other.next(); one != two || two != three {
		t.Errorf("heard\n%s\n%s\n%s", one, two, three)
	}
	a.send(`{"method":"unsubscribe","attributes":{"topic":"todo"}}`)
	a.settled()
	if forms, views := h.server.forms.Len(), h.server.views.Len(); forms != 3 || views != 2 {
		t.Errorf("%d forms and %d views", forms, views)
	}
	h.stop()
	if forms, views := h.server.forms.Len(), h.server.views.Len(); forms != 0 || views != 0 {
		t.Errorf("%d forms and %d views are left", forms, views)
	}
	if n := h.hub.Sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// What has been told is not kept: documents are large.
func TestEventsAreLetGo(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("alice", "api:*:*"))
	c.send(subscribe("todo"), subscribe("document", `{"a":1}`))
	c.settled()
	for _, collection := range []string{"document", "todo"} {
		results, err := h.documents.Insert(t.Context(), storage.Request{Who: security.Operator()}, collection, []storage.Document{`{"a":1}`})
		if err != nil {
			t.Fatal(err)
		}
		c.next()
		select {
		case <-h.hub.Told(results[0].Change.Group):
		case <-time.After(patience):
			t.Fatal("not told")
		}
	}
	for topic, v := range h.server.views.All() {
		if v.looks != nil {
			t.Errorf("the last event of %s is kept", topic)
		}
	}
}
