package daptin

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightwire/realtime/realtimetest"
)

const listTopics = `{"method":"list-topic"}`

// settled wants nothing to have come: a request that is answered in order shows it, and what it was answered is the list.
func (c *client) settled() string {
	c.t.Helper()
	c.send(listTopics)
	list := c.next()
	if !strings.HasPrefix(list, `{"MessageSource":"system","EventType":"response","ObjectType":"topic-list"`) {
		c.t.Fatalf("not silent: %s", list)
	}
	return list
}

func subscribe(topic string, filters ...string) string {
	if len(filters) == 0 {
		return fmt.Sprintf(`{"method":"subscribe","attributes":{"topic":%q}}`, topic)
	}
	return fmt.Sprintf(`{"method":"subscribe","attributes":{"topic":%q,"filters":%s}}`, topic, filters[0])
}

var times = regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ"`)

// timeless is a message with all times replaced.
func timeless(message string) string { return times.ReplaceAllString(message, `"TIME"`) }

func TestRowsOfTheDocumentsDialect(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	c := h.connect(token)
	c.send(subscribe("todo"))
	c.settled()
	id := h.insert("todo", `{"title":"<one>","done":true,"z":{"b":1.50,"a":[null,"é"],"PassWord":"x"},"api_key":"k"}`, h.by(token))
	me := reference("alice")
	row := func(more, title, updated string, version int) string {
		return fmt.Sprintf(`{"__type":"todo","count":%s,"created_at":"TIME","done":true,"permission":2097151,"reference_id":"%s","title":"%s",`+
			`"updated_at":%s,"user_account_id":"%s","version":%d,"z":{"a":[null,"é"],"b":1.5}}`, more, id, title, updated, me, version)
	}
	if got, want := timeless(c.next()), event("database", "create", "todo", row("null", `\u003cone\u003e`, "null", 1)); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	h.patch("todo", id, `{"title":"two","count":9007199254740993}`)
	if got, want := timeless(c.next()), event("database", "update", "todo", row("9007199254740993", "two", `"TIME"`, 2)); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	h.delete("todo", id, false)
	gone := event("database", "delete", "todo", `{"__type":"todo","reference_id":"`+id+`"}`)
	c.want(gone)
	h.delete("todo", id, true) // nobody knows of the tombstone
	c.settled()
}

func TestSilenceOfTheDocumentsDialect(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("alice", "api:*:*"), "&protocol=doc")
	c.send(
		`hello`, ``, `null`, `[]`, `"x"`, `5`, `{}`, `{"method":5}`, `{"method":"ping"}`, `{"id":5,"method":"nope"}`, listTopics+"x",
		listTopics+listTopics, `{"method":"list-topic","attributes":"x"}`, `{"method":"list-topic","attributes":[]}`,
		`{"method":"subscribe"}`, `{"method":"subscribe","attributes":{"topic":5}}`, subscribe("nosuch"), subscribe(""), subscribe("todo", `"x"`),
		`{"method":"unsubscribe"}`, `{"method":"unsubscribe","attributes":{"topic":"nosuch,todo,todo"}}`,
		`{"method":"destroy-topic","attributes":{}}`, `{"method":"destroy-topic","attributes":{"name":"nosuch"}}`,
		`{"method":"destroy-topic","attributes":{"name":"todo"}}`, `{"method":"create-topic","attributes":{"name":"todo"}}`,
		`{"method":"create-topic","attributes":{"name":"a,b"}}`, `{"method":"create-topic"}`,
		`{"method":"new-message","attributes":{"topic":"nosuch","message":{}}}`, `{"method":"new-message"}`,
	)
	var list struct{ EventData struct{ Topics []string } }
	if err := json.Unmarshal([]byte(c.settled()), &list); err != nil {
		t.Fatal(err)
	}
	want := "[devicestatus entries food profile settings treatments todo document counted user_account]"
	if got := fmt.Sprint(list.EventData.Topics); got != want {
		t.Errorf("topics %s, want %s", got, want)
	}
}

func TestUserTopics(t *testing.T) {
	h := newHouse(t, Options{})
	alice, bob := h.token("alice", "api:none:read"), h.token("bob", "api:none:read")
	a, b := h.connect(alice), h.connect(bob)
	a.send(`{"method":"create-topic","attributes":{"name":"test"}}`, `{"method":"create-topic","attributes":{"name":"test"}}`, subscribe("test"))
	a.settled()
	b.send(subscribe("test", `{"hello":"world"}`))
	b.settled()
	publish := func(message string) string {
		return `{"method":"new-message","attributes":{"topic":"test",` + message + `}}`
	}
	a.send(publish(`"message":{"hello":"world"}`))
	said := event(reference("alice"), "new-message", "test", `{"hello":"world"}`)
	a.want(said)
	b.want(said)
	b.send(publish(`"message":{"hello":"mars","o":{"z":1,"a":[1,null]},"n":1.5}`), publish(`"message":"text"`), publish(`"x":1`))
	from := reference("bob")
	a.want(
		event(from, "new-message", "test", `{"hello":"mars","n":1.5,"o":{"a":[1,null],"z":1}}`),
		event(from, "new-message", "test", `null`),
		event(from, "new-message", "test", `null`),
	)
	b.settled()
	b.send(`{"method":"destroy-topic","attributes":{"name":"test"}}`) // it is not his
	if !strings.Contains(b.settled(), `"test"`) {
		t.Error("somebody else's topic is gone")
	}
	a.send(`{"method":"destroy-topic","attributes":{"name":"test"}}`, publish(`"message":{"after":1}`))
	if strings.Contains(a.settled(), `"test"`) {
		t.Error("the topic is still there")
	}
	a.send(`{"method":"create-topic","attributes":{"name":"test"}}`, publish(`"message":{"again":1}`))
	a.want(event(reference("alice"), "new-message", "test", `{"again":1}`)) // who had subscribed hears it again
}

// Whoever may write to a table may publish on it, as a message and never as a change.
func TestMessagesOnTables(t *testing.T) {
	h := newHouse(t, Options{})
	writer, reader := h.connect(h.token("writer", "api:todo:*")), h.connect(h.token("reader", "api:todo:read"))
	for _, c := range []*client{writer, reader} {
		c.send(subscribe("todo"))
		c.settled()
	}
	reader.send(`{"method":"new-message","attributes":{"topic":"todo","message":{"free":"form"}}}`)
	reader.settled()
	writer.send(`{"method":"new-message","attributes":{"topic":"todo","message":{"EventType":"create"}}}`)
	told := event(reference("writer"), "new-message", "todo", `{"EventType":"create"}`)
	writer.want(told)
	reader.want(told)
}

func TestFirstFiltersStay(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("alice", "api:*:*"))
	c.send(subscribe("todo", `{"title":"a"}`), subscribe("todo"), subscribe("document,todo", `{"title":"b"}`))
	c.settled()
	h.insert("todo", `{"title":"b"}`)
	h.insert("document", `{"title":"a"}`)
	c.settled()
	h.insert("document", `{"title":"b"}`)
	h.insert("todo", `{"title":"a"}`)
	for _, topic := range []string{"document", "todo"} {
		if got := c.next(); !strings.Contains(got, `"ObjectType":"`+topic+`"`) {
			t.Errorf("heard %s", got)
		}
	}
	c.send(`{"method":"unsubscribe","attributes":{"topic":"todo, document"}}`)
	c.settled()
	h.insert("todo", `{"title":"a"}`)
	c.settled()
	c.send(subscribe("todo", `{"title":"c"}`)) // after that, others hold
	c.settled()
	h.insert("todo", `{"title":"a"}`)
	h.insert("todo", `{"title":"c"}`)
	if got := c.next(); !strings.Contains(got, `"title":"c"`) {
		t.Errorf("heard %s", got)
	}
}

// What names, keys and places of parameters the dialects have, all are understood.
func TestEveryWayToSubscribe(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	for _, request := range []string{
		`{"method":"subscribe","attributes":{"topic":"todo"}}`,
		`{"method":"subscribe","attributes":{"topicName":"todo"}}`,
		`{"method":"subscribe","attributes":{"topics":"document,todo"}}`,
		`{"method":"subscribe","attributes":{"topics":["document","todo"]}}`,
		`{"method":"subscribe","type":"x","payload":{"id":"1","type":"x","attributes":{"topics":"todo"}}}`,
		`{"method":"subscribe","payload":{"topic":"todo"}}`,
		`{"method":"subscribe","type":"todo","payload":{"attributes":{}}}`,
		`{"Method":"subscribe","Attributes":{"topic":"todo"},"ID":null}`,
		`{"method":"nope","method":"subscribe","attributes":{"topic":"todo"}}`,
	} {
		c := h.connect(token, "&protocol=doc")
		c.send(request)
		c.settled()
		h.insert("todo", `{}`)
		if got := c.next(); !strings.Contains(got, `"create"`) {
			t.Errorf("%s: heard %s", request, got)
		}
	}
}

func TestSubjects(t *testing.T) {
	h := newHouse(t, Options{})
	admin, other := h.connect(h.token("admin", "*")), h.connect(h.token("other", "api:*:*"))
	realtimetest.CatchUp(t, h.hub, h.documents, "todo")
	for _, c := range []*client{admin, other} {
		c.send(subscribe("user_account"))
		c.settled()
	}
	h.token("newcomer", "api:none:read")
	want := fmt.Sprintf(`{"__type":"user_account","created_at":"TIME","name":"newcomer","permission":2097151,"reference_id":"%s","roles":["newcomer"],`+
		`"updated_at":null,"user_account_id":"%[1]s","version":1}`, reference("newcomer"))
	if got, want := timeless(admin.next()), event("database", "create", "user_account", want); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	h.remove("subjects", "newcomer")
	admin.want(event("database", "delete", "user_account", `{"__type":"user_account","reference_id":"`+reference("newcomer")+`"}`))
	admin.settled()
	other.settled()
}

// A row does not show what the operator says is secret, and no filter finds it out.
func TestSecretsOfTheOperator(t *testing.T) {
	h := newHouse(t, Options{Secrets: []string{"title"}})
	c := h.connect(h.token("alice", "api:*:*"))
	c.send(subscribe("todo", `{"title":"x"}`), subscribe("document"))
	c.settled()
	h.insert("todo", `{"title":"x"}`)
	h.insert("document", `{"Title":"x","password":"y","list":[1,{"TITLE":2,"rest":3}]}`)
	if got := c.next(); !strings.Contains(got, `"list":[1,{"rest":3}],"password":"y"`) || strings.Contains(strings.ToLower(got), "title") {
		t.Errorf("heard %s", got)
	}
}

// Documents with fields of our own names do not show them.
func TestFieldsThatLookLikeOurs(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("alice", "api:*:*"))
	c.send(subscribe("counted"))
	c.settled()
	h.insert("counted", `{"isValid":true,"__type":"other","reference_id":"x","version":9,"permission":0,"user_account_id":"x","created_at":"then","updated_at":5}`)
	want := `{"__type":"counted","created_at":"then","permission":2097151,"reference_id":"1","updated_at":null,"user_account_id":null,"version":1}`
	c.want(event("database", "create", "counted", want))
}

func TestMessagesThatComeTooFastAreDropped(t *testing.T) {
	h := newHouse(t, Options{Rate: 5})
	c := h.connect(h.token("alice", "api:*:*"), "&protocol=doc")
	for range 50 {
		c.send(listTopics)
	}
	if err := c.ws.WriteControl(8, nil, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	answers := 0
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			break
		}
		answers++
	}
	if answers < 5 || answers > 10 {
		t.Errorf("%d answers", answers)
	}
}

func TestLimitsOfASubscriber(t *testing.T) {
	h := newHouse(t, Options{MaxSubscriptions: 2})
	c := h.connect(h.token("alice", "api:*:*"))
	many := make([]string, maxFilters+1)
	for i := range many {
		many[i] = fmt.Sprintf(`"f%d":null`, i)
	}
	c.send(
		subscribe("todo,document,counted"), // none
		subscribe("todo", "{"+strings.Join(many, ",")+"}"),
		subscribe("todo", `{"`+strings.Repeat("x", maxFilterSize)+`":null}`),
		subscribe("document"), subscribe("counted"), subscribe("todo"),
	)
	c.settled()
	h.insert("todo", `{}`)
	h.insert("document", `{}`)
	if got := c.next(); !strings.Contains(got, `"document"`) {
		t.Errorf("heard %s", got)
	}
}
