package daptin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/security"
)

// typed opens a connection that speaks the typed dialect from the start, past its session frame.
func (h *house) typed(token string) *client {
	h.t.Helper()
	c := h.connect(token, "&protocol=typed")
	if frame := c.next(); !strings.HasPrefix(frame, `{"type":"session","status":"open","data":"`) {
		h.t.Fatalf("the first frame is %s", frame)
	}
	return c
}

// ask sends a request and wants these answers.
func (c *client) ask(request string, answers ...string) {
	c.t.Helper()
	c.send(request)
	for _, want := range answers {
		if got := c.next(); got != want {
			c.t.Fatalf("%s\ngot  %s\nwant %s", request, got, want)
		}
	}
}

// quiet wants nothing to have come: ping is answered in order.
func (c *client) quiet() {
	c.t.Helper()
	c.ask(`{"method":"ping"}`, `{"type":"pong"}`)
}

// b64 is JSON text as the member data.
func b64(text string) string {
	return `"data":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
}

// yes and no are the answers to the request of that id and method.
func yes(id, method, data string) string {
	return fmt.Sprintf(`{"type":"response","id":%q,"method":%q,"ok":true,%s`, id, method, b64(data))
}

func no(id, method, why string) string {
	return fmt.Sprintf(`{"type":"response","id":%q,"method":%q,"ok":false,"error":%q}`, id, method, why)
}

// told is an event of the typed dialect.
func told(topic, kind, source, data string) string {
	return fmt.Sprintf(`{"type":"event","topic":%q,"event":%q,"source":%q,%s`, topic, kind, source, b64(data))
}

func want(id, method, attributes string) string {
	return fmt.Sprintf(`{"id":%q,"method":%q,"attributes":%s}`, id, method, attributes)
}

func TestSessionFrame(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	session := func(number int) string {
		return `{"type":"session","status":"open",` + b64(fmt.Sprintf(`{"groups":["%s"],"sessionId":%d,"user":"%s"}`, roleReference("alice"), number, reference("alice")))
	}
	h.connect(token, "&protocol=typed").want(session(1))
	h.connect(token, "&v=2").want(session(2))
	doc := h.connect(token, "&v=1")
	doc.send(`{"id":"a","method":"ping"}`)
	doc.settled() // whoever asks for the document's dialect gets it
	for i, request := range []string{
		`{"id":"live-1-x","method":"nope"}`,
		`{"method":"ping"}`,
		`{"method":"create-topicName","attributes":{"name":"new"}}`,
		`{"method":"subscribe","attributes":{"topicName":"nosuch"}}`,
	} {
		c := h.connect(token)
		c.send(request)
		c.want(session(4 + i))
		c.next()
		c.send(listTopics) // for good
		if got := c.next(); !strings.HasPrefix(got, `{"type":"response","method":"list-topic","ok":true`) {
			t.Errorf("%s: then %s", request, got)
		}
	}
	latched := h.connect(token)
	latched.send(subscribe("todo"))
	latched.settled()
	latched.send(`{"id":"a","method":"ping"}`)
	latched.settled()
	if reference("alice") == roleReference("alice") {
		t.Error("a subject and a role have one reference")
	}
}

func TestServerThatSpeaksTyped(t *testing.T) {
	h := newHouse(t, Options{Protocol: Typed})
	token := h.token("alice", "api:*:*")
	c := h.connect(token)
	if frame := c.next(); !strings.HasPrefix(frame, `{"type":"session"`) {
		t.Fatal(frame)
	}
	c.quiet()
	h.connect(token, "&protocol=doc").settled()
}

// The answers that the recordings have to requests of one client, with ours to what they leave unanswered.
func TestAnswersOfTheTypedDialect(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	c := h.typed(h.token("alice", "api:*:*"))
	for _, line := range []struct{ request, answer string }{
		{`{"method":"ping"}`, `{"type":"pong"}`},
		{`{"id":"p1","method":"ping"}`, `{"type":"pong"}`},
		{`{"ID":"ci","METHOD":"ping"}`, `{"type":"pong"}`},
		{`{"method":"nope","method":"ping"}`, `{"type":"pong"}`},
		{" \n{\"method\":\"ping\"}\n ", `{"type":"pong"}`},
		{want("u1", "nope", `{}`), no("u1", "nope", "no such method")},
		{`{"method":"nope2"}`, `{"type":"response","method":"nope2","ok":false,"error":"no such method"}`},
		{`{}`, `{"type":"response","ok":false,"error":"no such method"}`},
		{`null`, `{"type":"response","ok":false,"error":"no such method"}`},
		{`{"id":"e"}`, `{"type":"response","id":"e","ok":false,"error":"no such method"}`},
		{`{"id":"n","method":null}`, `{"type":"response","id":"n","ok":false,"error":"no such method"}`},
		{`{"id":"ci2","Method":"nope","Attributes":null}`, no("ci2", "nope", "no such method")},
		{want("s1", "subscribe", `null`), no("s1", "subscribe", "missing or invalid topicName")},
		{want("s3", "subscribe", `{"topicName":""}`), no("s3", "subscribe", "missing or invalid topicName")},
		{want("s4", "subscribe", `{"topicName":5}`), no("s4", "subscribe", "missing or invalid topicName")},
		{want("s8", "unsubscribe", `{}`), no("s8", "unsubscribe", "missing or invalid topicName")},
		{want("s9", "unsubscribe", `{"topicName":"neverthere"}`), yes("s9", "unsubscribe", `{"topic":"neverthere"}`)},
		{want("s10", "create-topicName", `{}`), no("s10", "create-topicName", "missing or invalid name")},
		{want("s11", "destroy-topicName", `{"name":5}`), no("s11", "destroy-topicName", "missing or invalid name")},
		{want("s12", "new-message", `null`), no("s12", "new-message", "missing or invalid topicName")},
		{want("s13", "new-message", `{"topicName":"todo","message":"text"}`), no("s13", "new-message", "missing or invalid message")},
		{want("s13b", "new-message", `{"topicName":"todo"}`), no("s13b", "new-message", "missing or invalid message")},
		{want("s14", "set-topic-permission", `{}`), no("s14", "set-topic-permission", "missing or invalid topicName")},
		{want("s15", "set-topic-permission", `{"topicName":"x"}`), no("s15", "set-topic-permission", "missing permission value")},
		{want("s16", "set-topic-permission", `{"topicName":"x","permission":"7"}`), no("s16", "set-topic-permission", "invalid permission value")},
		{want("s16b", "set-topic-permission", `{"topicName":"x","permission":-1}`), no("s16b", "set-topic-permission", "invalid permission value")},
		{want("s16c", "set-topic-permission", `{"topicName":"x","permission":null}`), no("s16c", "set-topic-permission", "invalid permission value")},
		{want("s17", "set-topic-permission", `{"topicName":"x","permission":7}`), no("s17", "set-topic-permission", "topic not found")},
		{want("s18", "set-topic-permission", `{"topicName":"todo","permission":7}`), no("s18", "set-topic-permission", "cannot modify system topic permissions")},
		{want("s19", "get-topic-permission", `{}`), no("s19", "get-topic-permission", "missing or invalid topicName")},
		{want("s20", "get-topic-permission", `{"topicName":"x"}`), no("s20", "get-topic-permission", "topic not found")},
		{want("s21", "get-topic-permission", `{"topicName":"todo"}`), yes("s21", "get-topic-permission", `{"permission":2097151,"topicName":"todo","type":"system"}`)},
		{want("s21b", "get-topic-permission", `{"topicName":"user_account"}`), no("s21b", "get-topic-permission", "permission denied")},
		{want("s22", "subscribe", `{"topicName":"nosuch"}`), no("s22", "subscribe", "topic not found: nosuch")},
		{want("s22b", "subscribe", `{"topicName":"<&>"}`), `{"type":"response","id":"s22b","method":"subscribe","ok":false,"error":"topic not found: \u003c\u0026\u003e"}`},
		{want("s24", "destroy-topicName", `{"name":"todo"}`), no("s24", "destroy-topicName", "cannot delete system topic")},
		{want("s24b", "destroy-topicName", `{"name":"nosuch"}`), no("s24b", "destroy-topicName", "topic not found")},
		{want("s25", "create-topicName", `{"name":"todo"}`), no("s25", "create-topicName", "cannot create topic with reserved name")},
		{want("s26", "create-topicName", `{"name":""}`), no("s26", "create-topicName", "missing or invalid name")},
		{want("s27", "create-topicName", `{"name":"a,b"}`), no("s27", "create-topicName", "The name of a topic has 1 to 128 bytes, without commas and control characters")},
		{want("s29", "subscribe", `{"topicName":"todo","filters":{"x":"`+strings.Repeat("x", maxFilterSize)+`"}}`), no("s29", "subscribe", "too many filters")},
		{want("l0", "create-topic", `{"name":"x1"}`), yes("l0", "create-topic", `{"created":true,"topicName":"x1"}`)},
		{want("l1", "list-topicName", `{}`), yes("l1", "list-topicName", `{"topics":["devicestatus","entries","food","profile","settings","treatments","todo","document","counted","user_account","x1"]}`)},
		{want("l4", "destroy-topic", `{"name":"x1"}`), yes("l4", "destroy-topic", `{"destroyed":true,"topicName":"x1"}`)},
	} {
		c.ask(line.request, line.answer)
	}
	c.ask(want("s23", "subscribe", `{"topicName":"todo , world"}`),
		no("s23", "subscribe", "topic not found: todo "), no("s23", "subscribe", "topic not found:  world"))
	// Without an id nobody waits, so what the original does not answer is not.
	c.send(`{"method":"subscribe"}`, `{"method":"subscribe","attributes":{"topicName":5}}`, `{"method":"unsubscribe"}`,
		`{"method":"unsubscribe","attributes":{"topicName":"todo"}}`, `{"method":"create-topicName"}`, `{"method":"destroy-topicName","attributes":{"name":1}}`)
	c.quiet()
}

// What cannot be read is refused, and nobody is cut off for it.
func TestMalformedRequestsOfTheTypedDialect(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	c := h.typed(h.token("alice", "api:*:*"))
	bare := `{"type":"response","ok":false,"error":"malformed request"}`
	for _, request := range []string{`hello`, ``, `[]`, `"x"`, `5`, `{"method":"ping"} x`, `{"method":"ping"}{"method":"ping"}`, `{"method":5}`,
		`{"id":["q"],"method":5}`, strings.Repeat("[", 10000)} {
		c.ask(request, bare)
	}
	c.ask(`{"id":"q","method":"nope","attributes":"x"}`, no("q", "nope", "malformed request"))
	c.ask(`{"id":"q","method":"ping","attributes":[]}`, no("q", "ping", "malformed request"))
	c.ask(`{"id":5,"method":"nope"}`, `{"type":"response","id":5,"method":"nope","ok":false,"error":"no such method"}`)
	c.ask(`{"id":-5.50e1,"method":"unsubscribe"}`, `{"type":"response","id":-5.50e1,"method":"unsubscribe","ok":false,"error":"missing or invalid topicName"}`)
	c.ask(`{"id":{"a":1},"method":"nope"}`, `{"type":"response","method":"nope","ok":false,"error":"malformed request"}`)
	if err := c.ws.WriteMessage(2, []byte(`{"method":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	c.want(`{"type":"pong"}`)
	c.quiet()
}

// The recorded conversation of two clients about a topic.
func TestTopicBetweenTwo(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	a, b := h.typed(h.token("alice", "api:none:read")), h.typed(h.token("bob", "api:none:read"))
	alice, bob := reference("alice"), reference("bob")
	get := func(permission int) string {
		return fmt.Sprintf(`{"owner":"%s","permission":%d,"topicName":"room","type":"user"}`, alice, permission)
	}
	room := `{"topicName":"room"}`
	a.ask(want("t1", "create-topicName", `{"name":"room"}`), yes("t1", "create-topicName", `{"created":true,"topicName":"room"}`))
	a.ask(want("t2", "create-topicName", `{"name":"room"}`), no("t2", "create-topicName", "topic already exists"))
	a.ask(want("t3", "get-topic-permission", room), yes("t3", "get-topic-permission", get(16256)))
	a.ask(want("t4", "subscribe", room), yes("t4", "subscribe", `{"topic":"room"}`))
	b.ask(want("b1", "subscribe", room), no("b1", "subscribe", "permission denied: room"))
	b.ask(want("b2", "new-message", `{"topicName":"room","message":{"hi":1}}`), no("b2", "new-message", "permission denied: room"))
	b.ask(want("b3", "get-topic-permission", room), no("b3", "get-topic-permission", "permission denied"))
	b.ask(want("b4", "set-topic-permission", `{"topicName":"room","permission":2097151}`),
		no("b4", "set-topic-permission", "only owner or admin can change permissions"))
	b.ask(want("b5", "destroy-topicName", `{"name":"room"}`), no("b5", "destroy-topicName", "permission denied"))
	a.ask(want("t5", "set-topic-permission", `{"topicName":"room","permission":16291}`),
		yes("t5", "set-topic-permission", `{"permission":16291,"topicName":"room"}`))
	b.ask(want("b6", "subscribe", `{"topicName":"room","filters":{"kind":"k1"}}`), yes("b6", "subscribe", `{"topic":"room"}`))
	b.ask(want("b7", "get-topic-permission", room), yes("b7", "get-topic-permission", get(16291)))
	said := told("room", "new-message", alice, `{"big":12345678901234567000,"f":1.5,"html":"\u003cb\u003e\u0026é","kind":"k1","n":1}`)
	a.ask(want("t6", "new-message", `{"topicName":"room","message":{"kind":"k1","n":1,"big":12345678901234567000,"f":1.5,"html":"<b>&é"}}`), said)
	b.want(said)
	a.ask(want("t7", "new-message", `{"topicName":"room","message":{"kind":"k2"}}`), told("room", "new-message", alice, `{"kind":"k2"}`))
	b.send(want("b8", "new-message", `{"topicName":"room","message":{"from":"B"}}`))
	a.want(told("room", "new-message", bob, `{"from":"B"}`))
	a.ask(want("t9", "new-message", `{"topicName":"room","message":{}}`), told("room", "new-message", alice, `{}`))
	a.ask(want("t10", "new-message", `{"topicName":"room","message":[1]}`), no("t10", "new-message", "missing or invalid message"))
	a.ask(want("t11", "new-message", `{"topicName":"nosuchroom","message":{}}`), no("t11", "new-message", "topic does not exist: nosuchroom"))
	b.quiet()
	a.ask(want("z1", "destroy-topicName", `{"name":"room"}`), yes("z1", "destroy-topicName", `{"destroyed":true,"topicName":"room"}`))
	a.ask(want("z2", "destroy-topicName", `{"name":"room"}`), no("z2", "destroy-topicName", "topic not found"))
	a.ask(want("z3", "new-message", `{"topicName":"room","message":{}}`), no("z3", "new-message", "topic does not exist: room"))
	a.ask(want("z4", "create-topicName", `{"name":"room"}`), yes("z4", "create-topicName", `{"created":true,"topicName":"room"}`))
	a.ask(want("z5", "new-message", `{"topicName":"room","message":{"kind":"k1"}}`), told("room", "new-message", alice, `{"kind":"k1"}`))
	b.quiet() // the new topic is its owner's alone
}

// Whose right to hear is taken away hears no more, and hears again when it is given back.
func TestPermissionTakenAway(t *testing.T) {
	h := newHouse(t, Options{})
	a, b := h.typed(h.token("alice", "api:none:read")), h.typed(h.token("bob", "api:none:read"))
	set := func(permission int) {
		t.Helper()
		a.ask(want("p", "set-topic-permission", fmt.Sprintf(`{"topicName":"room","permission":%d}`, permission)),
			yes("p", "set-topic-permission", fmt.Sprintf(`{"permission":%d,"topicName":"room"}`, permission)))
	}
	say := func(n int) string {
		t.Helper()
		a.send(fmt.Sprintf(`{"method":"new-message","attributes":{"topicName":"room","message":{"n":%d}}}`, n))
		said := told("room", "new-message", reference("alice"), fmt.Sprintf(`{"n":%d}`, n))
		a.want(said)
		return said
	}
	a.ask(want("1", "create-topicName", `{"name":"room"}`), yes("1", "create-topicName", `{"created":true,"topicName":"room"}`))
	a.ask(want("2", "subscribe", `{"topicName":"room"}`), yes("2", "subscribe", `{"topic":"room"}`))
	set(2097151)
	b.ask(want("3", "subscribe", `{"topicName":"room"}`), yes("3", "subscribe", `{"topic":"room"}`))
	b.want(say(1))
	set(16256)
	say(2)
	b.quiet()
	set(16258)
	b.want(say(3))
}

func TestTypedRowsAndRights(t *testing.T) {
	h := newHouse(t, Options{})
	reader, stranger := h.typed(h.token("reader", "api:todo:read")), h.typed(h.token("stranger", "api:food:read"))
	stranger.ask(want("1", "subscribe", `{"topicName":"todo"}`), no("1", "subscribe", "permission denied: todo"))
	stranger.ask(want("2", "get-topic-permission", `{"topicName":"todo"}`), no("2", "get-topic-permission", "permission denied"))
	reader.ask(want("3", "subscribe", `{"topicName":"document,todo,nosuch","filters":{"EventType":"create"}}`),
		no("3", "subscribe", "permission denied: document"), yes("3", "subscribe", `{"topic":"todo"}`), no("3", "subscribe", "topic not found: nosuch"))
	reader.ask(want("4", "new-message", `{"topicName":"todo","message":{"free":"form"}}`), no("4", "new-message", "permission denied: todo"))
	id := h.insert("todo", `{"title":"<one>","done":true}`)
	h.patch("todo", id, `{"title":"two"}`)
	var frame typedFrame
	if err := json.Unmarshal([]byte(reader.next()), &frame); err != nil {
		t.Fatal(err)
	}
	row := `{"__type":"todo","count":null,"created_at":"TIME","done":true,"permission":2097151,"reference_id":"` + id +
		`","title":"\u003cone\u003e","updated_at":null,"user_account_id":null,"version":1}`
	if got := timeless(string(frame.Data)); got != row {
		t.Errorf("\ngot  %s\nwant %s", got, row)
	}
	writer := h.typed(h.token("writer", "api:todo:create"))
	writer.ask(want("5", "new-message", `{"topicName":"todo","message":{"EventType":"create"}}`))
	writer.quiet()
	reader.quiet() // neither the update nor the message is a create
	h.remove(security.Roles, "reader")
	h.insert("todo", `{}`)
	reader.quiet()
}

// A client that is made like the official one: each request has an id, and fails unless it is answered in time.
type sdk struct {
	*client
	requests int
	events   []string
}

func (c *sdk) request(method, attributes string) (granted bool, data string) {
	c.t.Helper()
	c.requests++
	id := fmt.Sprintf("live-%d-%d", time.Now().UnixMilli(), c.requests)
	c.send(want(id, method, attributes))
	deadline := time.Now().Add(5 * time.Second)
	for {
		if err := c.ws.SetReadDeadline(deadline); err != nil {
			c.t.Fatal(err)
		}
		_, text, err := c.ws.ReadMessage()
		if err != nil {
			c.t.Fatalf("timed out waiting for the answer to %s %s: %v", method, attributes, err)
		}
		var frame struct {
			Type, ID string
			OK       *bool
			Data     []byte
		}
		if err := json.Unmarshal(text, &frame); err != nil {
			c.t.Fatal(err)
		}
		if frame.Type == "response" && frame.ID == id {
			return *frame.OK, string(frame.Data)
		}
		c.events = append(c.events, string(text))
	}
}

// Each request of the official client is answered, the first and the second time.
func TestOfficialClient(t *testing.T) {
	h := newHouse(t, Options{})
	c := &sdk{client: h.connect(h.token("alice", "api:*:*"))} // it does not say which dialect, and waits for no session
	for _, line := range []struct {
		method, attributes string
		granted            bool
		data               string
	}{
		{"create-topicName", `{"name":"room"}`, true, `{"created":true,"topicName":"room"}`},
		{"create-topicName", `{"name":"room"}`, false, ""},
		{"create-topicName", `{"name":""}`, false, ""},
		{"create-topicName", `{}`, false, ""},
		{"subscribe", `{"topicName":"room"}`, true, `{"topic":"room"}`},
		{"subscribe", `{"topicName":"room"}`, true, `{"topic":"room"}`},
		{"subscribe", `{"topicName":"todo","filters":{"EventType":"create"}}`, true, `{"topic":"todo"}`},
		{"subscribe", `{"topicName":"todo,todo"}`, true, `{"topic":"todo"}`},
		{"subscribe", `{"topicName":""}`, false, ""},
		{"subscribe", `{"topicName":"nosuch"}`, false, ""},
		{"get-topic-permission", `{"topicName":"room"}`, true, `{"owner":"` + reference("alice") + `","permission":16256,"topicName":"room","type":"user"}`},
		{"set-topic-permission", `{"topicName":"room","permission":2097151}`, true, `{"permission":2097151,"topicName":"room"}`},
		{"set-topic-permission", `{"topicName":"room"}`, false, ""},
		{"unsubscribe", `{"topicName":"room"}`, true, `{"topic":"room"}`},
		{"unsubscribe", `{"topicName":"room"}`, true, `{"topic":"room"}`},
		{"unsubscribe", `{"topicName":""}`, false, ""},
		{"destroy-topicName", `{"name":"room"}`, true, `{"destroyed":true,"topicName":"room"}`},
		{"destroy-topicName", `{"name":"room"}`, false, ""},
		{"destroy-topicName", `{}`, false, ""},
		{"list-topic", `{}`, true, `{"topics":["devicestatus","entries","food","profile","settings","treatments","todo","document","counted","user_account"]}`},
		{"anything", `{}`, false, ""},
	} {
		if granted, data := c.request(line.method, line.attributes); granted != line.granted || data != line.data {
			t.Errorf("%s %s: %v %s", line.method, line.attributes, granted, data)
		}
	}
	if len(c.events) != 1 || !strings.HasPrefix(c.events[0], `{"type":"session"`) {
		t.Errorf("besides answers came %q", c.events)
	}
}

// The answer to subscribe comes before the first event, no event after it is missed, and none comes after the answer to
// unsubscribe. The requests' ids are long, so that making an answer takes longer than making an event.
func TestNothingIsMissedAfterTheAnswer(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	c := h.typed(h.token("alice", "api:*:*"))
	var written atomic.Int64
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(1); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			h.insert("todo", fmt.Sprintf(`{"count":%d}`, n))
			written.Store(n)
		}
	}()
	defer func() {
		close(stop)
		<-done
	}()
	id := strings.Repeat("x", 400_000)
	subscribed, unsubscribed := yes(id, "subscribe", `{"topic":"todo"}`), yes(id, "unsubscribe", `{"topic":"todo"}`)
	for round := range 20 {
		c.send(want(id, "subscribe", `{"topicName":"todo"}`))
		if got := c.next(); got != subscribed {
			t.Fatalf("round %d: before the answer comes %.200s", round, got)
		}
		last := written.Load() // the next to be begun is last+2 at the latest
		first := c.count()
		if first > last+2 {
			t.Fatalf("round %d: the first event is %d, %d were written before the answer", round, first, last)
		}
		for n := first + 1; n < first+5; n++ {
			if got := c.count(); got != n {
				t.Fatalf("round %d: %d comes in place of %d", round, got, n)
			}
		}
		c.send(want(id, "unsubscribe", `{"topicName":"todo"}`))
		for c.next() != unsubscribed {
		}
	}
}

// What the hub was about to tell when a subscription ended is not told.
func TestNothingIsDeliveredAfterTheEnd(t *testing.T) {
	h := newHouse(t, Options{})
	c := &conn{server: h.server} // it has no socket: sending would fail
	s := &subscription{conn: c, key: formKey{dialect: Typed, topic: "todo"}}
	s.session = h.hub.Join(s, h.server.takeForm(s.key, filter{}))
	s.end()
	s.Deliver(realtime.Frame("x"))
}

// count is the column count of the next frame, which must be an event.
func (c *client) count() int64 {
	c.t.Helper()
	text := c.next()
	var frame typedFrame
	var row struct{ Count int64 }
	if err := json.Unmarshal([]byte(text), &frame); err != nil || frame.Type != "event" {
		c.t.Fatalf("no event: %s (%v)", text, err)
	}
	if err := json.Unmarshal(frame.Data, &row); err != nil {
		c.t.Fatal(err)
	}
	return row.Count
}

// Whoever names a topic twice has it once; what fails is told as often as it is asked for.
func TestNamesThatAreRepeated(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.typed(h.token("alice", "api:*:*"))
	c.ask(want("1", "subscribe", `{"topicName":"todo,nosuch,todo,,nosuch, todo"}`), yes("1", "subscribe", `{"topic":"todo"}`),
		no("1", "subscribe", "topic not found: nosuch"), no("1", "subscribe", "topic not found: "), no("1", "subscribe", "topic not found: nosuch"),
		no("1", "subscribe", "topic not found:  todo"))
	c.ask(want("2", "unsubscribe", `{"topicName":"todo,todo"}`), yes("2", "unsubscribe", `{"topic":"todo"}`))
	c.quiet()
}

// An id that is a number goes back as its client wrote it.
func TestNumbersAsIDs(t *testing.T) {
	c := func() *client { h := newHouse(t, Options{}); return h.typed(h.token("alice")) }()
	for _, id := range []string{"5", "-0", "1.0", "1e3", "9007199254740993", "12345678901234567000", "100000000000000000000000"} {
		c.ask(`{"ID":3,"Id":`+id+`,"method":"nope"}`, `{"type":"response","id":`+id+`,"method":"nope","ok":false,"error":"no such method"}`)
	}
}

// Other ids are malformed. The document's dialect never looks at them.
func TestIDsOfOtherTypes(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	c, doc := h.typed(token), h.connect(token, "&protocol=doc")
	for _, id := range []string{`true`, `{"a":1}`, `["1"]`} {
		c.ask(`{"id":`+id+`,"method":"subscribe","attributes":{"topicName":"todo"}}`, `{"type":"response","method":"subscribe","ok":false,"error":"malformed request"}`)
		doc.send(`{"id":` + id + `,"method":"list-topic"}`)
		if answer := doc.next(); !strings.Contains(answer, `"topic-list"`) {
			t.Error(answer)
		}
	}
	c.ask(`{"id":null,"method":"subscribe","attributes":{"topicName":"todo"}}`, `{"type":"response","method":"subscribe","ok":true,`+b64(`{"topic":"todo"}`))
}

func TestTypedLimits(t *testing.T) {
	h := newHouse(t, Options{MaxSubscriptions: 2, Rate: 10})
	token := h.token("alice", "api:*:*")
	c := h.typed(token)
	c.ask(want("1", "subscribe", `{"topicName":"todo,document"}`), yes("1", "subscribe", `{"topic":"todo"}`), yes("1", "subscribe", `{"topic":"document"}`))
	c.ask(want("2", "subscribe", `{"topicName":"counted"}`), no("2", "subscribe", "too many subscriptions"))
	c.ask(want("3", "subscribe", `{"topicName":"a,b,c"}`), no("3", "subscribe", "too many subscriptions"))
	c.ask(want("4", "subscribe", `{"topicName":"todo"}`), yes("4", "subscribe", `{"topic":"todo"}`))
	fast := h.typed(token)
	for i := range 50 {
		fast.send(want(fmt.Sprint(i), "nope", `{}`))
	}
	refused := 0
	for i := range 50 {
		id := fmt.Sprint(i)
		switch got := fast.next(); got {
		case no(id, "nope", "too many requests"):
			refused++
		case no(id, "nope", "no such method"):
		default:
			t.Fatal(got)
		}
	}
	if refused < 30 {
		t.Errorf("%d of 50 were refused", refused)
	}
}

// Both dialects hear the same, each in its own words.
func TestDialectsSideBySide(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	modern, old := h.typed(token), h.connect(token)
	old.send(`{"method":"create-topic","attributes":{"name":"room"}}`, subscribe("room"))
	old.settled()
	modern.ask(want("1", "subscribe", `{"topicName":"room"}`), yes("1", "subscribe", `{"topic":"room"}`))
	modern.ask(want("2", "new-message", `{"topicName":"room","message":{"a":"<"}}`), told("room", "new-message", reference("alice"), `{"a":"\u003c"}`))
	old.want(event(reference("alice"), "new-message", "room", `{"a":"\u003c"}`))
	old.send(`{"method":"new-message","attributes":{"topic":"room","message":"text"}}`)
	old.want(event(reference("alice"), "new-message", "room", `null`))
	modern.want(told("room", "new-message", reference("alice"), `null`))
}
