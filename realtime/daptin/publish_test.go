package daptin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"nightwire/security"
)

// post publishes over HTTP. Headers are names and values in turn.
func (h *house) post(query, body string, headers ...string) (status int, answer string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.web.URL+"/publish"+query, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
		h.t.Errorf("%d %s has the type %q", response.StatusCode, text, kind)
	}
	return response.StatusCode, string(text)
}

// notified is the answer to an action that failed.
func notified(why string) string {
	return fmt.Sprintf(`[{"ResponseType":"client.notify","Attributes":{"message":%q,"title":"failed","type":"error"}}]`, why)
}

const published200 = `[{"ResponseType":"client.notify","Attributes":{"message":"Message published to room","title":"Success","type":"success"}},` +
	`{"ResponseType":"publish_to_topic","Attributes":{"message":"published","topic":"room"}}]`

func publication(topic, message string) string {
	return fmt.Sprintf(`{"attributes":{"topicName":%q,"message":%s}}`, topic, message)
}

// What is published over HTTP is heard like a message of a socket, in both dialects.
func TestPublishOverHTTP(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:none:read")
	modern, old := h.typed(token), h.connect(token)
	modern.ask(want("1", "create-topicName", `{"name":"room"}`), yes("1", "create-topicName", `{"created":true,"topicName":"room"}`))
	modern.ask(want("2", "subscribe", `{"topicName":"room","filters":{"kind":"k1"}}`), yes("2", "subscribe", `{"topic":"room"}`))
	old.send(subscribe("room"))
	old.settled()
	alice := reference("alice")
	for message, heard := range map[string]string{
		`{"via":"http","kind":"k1"}`: `{"kind":"k1","via":"http"}`,
		`"hello"`:                    `"hello"`, // no object, so filters on fields do not hold it back
		`[1,{"b":2,"a":"<"}]`:        `[1,{"a":"\u003c","b":2}]`,
		`12345678901234567000`:       `12345678901234567000`,
		`false`:                      `false`,
	} {
		if status, answer := h.post("?token="+token, publication("room", message)); status != 200 || answer != published200 {
			t.Errorf("%s: %d %s", message, status, answer)
		}
		modern.want(told("room", "new-message", alice, heard))
		if heard[0] != '{' {
			heard = "null"
		}
		old.want(event(alice, "new-message", "room", heard))
	}
}

func TestWhoPublishesOverHTTP(t *testing.T) {
	h := newHouse(t, Options{Origins: []string{"https://friend.example"}})
	token, other := h.token("alice", "api:none:read"), h.token("bob", "api:todo:read")
	alice := h.typed(token)
	alice.ask(want("1", "create-topicName", `{"name":"room"}`), yes("1", "create-topicName", `{"created":true,"topicName":"room"}`))
	issued, err := h.guard.Exchange(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	body := publication("room", `{}`)
	for _, c := range []struct {
		name, query string
		headers     []string
		status      int
		answer      string
	}{
		{"header", "", []string{"Authorization", "Bearer " + token}, 200, published200},
		{"JWT", "", []string{"Authorization", "bearer " + issued.Token}, 200, published200},
		{"query", "?token=" + token, nil, 200, published200},
		{"another header", "?token=" + token, []string{"Authorization", "Basic junk"}, 200, published200},
		{"header first", "?token=" + other, []string{"Authorization", "Bearer " + token}, 200, published200},
		{"cookie", "", []string{"Cookie", "token=" + token}, 200, published200},
		{"cookie of our page", "", []string{"Cookie", "token=" + token, "Origin", h.web.URL}, 200, published200},
		{"cookie of a friend's page", "", []string{"Cookie", "token=" + token, "Origin", "https://friend.example"}, 200, published200},
		{"cookie of another page", "", []string{"Cookie", "token=" + token, "Origin", "https://evil.example"}, 401, notified("unauthorized")},
		{"cookie of a page without a name", "", []string{"Cookie", "token=" + token, "Origin", "null"}, 401, notified("unauthorized")},
		{"nobody", "", nil, 401, notified("unauthorized")},
		{"bad token", "?token=garbage", nil, 401, notified("unauthorized")},
		{"somebody else", "?token=" + other, nil, 403, notified("permission denied: room")},
	} {
		if status, answer := h.post(c.query, body, c.headers...); status != c.status || answer != c.answer {
			t.Errorf("%s: %d %s", c.name, status, answer)
		}
	}
	h.remove(security.Subjects, "alice")
	if status, _ := h.post("", body, "Authorization", "Bearer "+issued.Token); status != 401 {
		t.Errorf("whose subject is gone: %d", status)
	}
}

func TestRefusalsOverHTTP(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:todo:read")
	for _, c := range []struct {
		name, body string
		status     int
		why        string
	}{
		{"unknown topic", publication("nosuch", `{}`), 404, "topic not found: nosuch"},
		{"a table", publication("todo", `{}`), 403, "permission denied: todo"},
		{"no JSON", `x`, 400, "not valid JSON"},
		{"no body", ``, 400, "not valid JSON"},
		{"no object", `[]`, 400, "missing or invalid topicName"},
		{"no attributes", `{}`, 400, "missing or invalid topicName"},
		{"other attributes", `{"attributes":"x"}`, 400, "missing or invalid topicName"},
		{"topic of another type", `{"attributes":{"topicName":5,"message":{}}}`, 400, "missing or invalid topicName"},
		{"no message", `{"attributes":{"topicName":"room"}}`, 400, "missing or invalid message"},
		{"null", publication("room", `null`), 400, "missing or invalid message"},
		{"a long body", publication("room", `"`+strings.Repeat("x", 1<<20)+`"`), 413, "request too large"},
	} {
		if status, answer := h.post("?token="+token, c.body); status != c.status || answer != notified(c.why) {
			t.Errorf("%s: %d %s", c.name, status, answer)
		}
	}
	wide := newHouse(t, Options{})
	wide.server.options.Wire.MaxMessage = 8 << 20
	token = wide.token("alice", "api:todo:create")
	if status, answer := wide.post("?token="+token, publication("todo", `"`+strings.Repeat("x", 1<<20)+`"`)); status != 413 || answer != notified("Message too large") {
		t.Errorf("a long message: %d %.200s", status, answer)
	}
	for err, want := range map[error]int{errUnread: 400, context.Canceled: 503, io.ErrClosedPipe: 500} {
		if status, _ := actionFault(fmt.Errorf("wrapped: %w", err), ""); status != want {
			t.Errorf("%v: %d", err, status)
		}
	}
	if status, body := h.get("/publish"); status != 405 || body != notified("method not allowed") {
		t.Errorf("GET: %d %s", status, body)
	}
}

func FuzzDecodeAction(f *testing.F) {
	f.Add([]byte(publication("room", `{"a":[1,"x"]}`)))
	f.Add([]byte(`{"attributes":{"topicName":"room","message":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		topic, message, err := decodeAction(text)
		if err != nil {
			if status, _ := actionFault(err, ""); status != 400 {
				t.Fatalf("%q: %d", text, status)
			}
			return
		}
		if topic == "" || message == "" || message == "null" {
			t.Fatalf("%q: %q %s", text, topic, message)
		}
	})
}
