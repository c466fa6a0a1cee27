package directus

import (
	"testing"
	"time"
)

// everything permits what a client of the collections of the tests may need.
const everything = "*:*:*"

// coreHouse is a server whose clients speak the core dialect, with three items in test.
func coreHouse(t *testing.T, o Options) (h *house, admin string) {
	t.Helper()
	if o.Heartbeat == 0 {
		o.Heartbeat = time.Hour
	}
	if o.Rate == 0 {
		o.Rate = -1
	}
	o.Dialect = Core
	h = newHouse(t, o)
	admin = h.token("admin", everything)
	c := h.dial("?access_token=" + admin)
	c.ask(`{"type":"items","action":"create","collection":"test","data":[`+
		`{"test":"one","status":"published","n":1,"hidden_note":"h1"},{"test":"two","status":"draft","n":2,"hidden_note":"h2"},`+
		`{"test":"three","status":"published","n":3,"hidden_note":"h3"}],"query":{"fields":["id"]}}`,
		`{"type":"items","data":[{"id":1},{"id":2},{"id":3}]}`)
	c.ask(`{"type":"items","action":"create","collection":"secret","data":{"test":"s1"},"query":{"fields":["id"]}}`,
		`{"type":"items","data":{"id":1}}`)
	c.ws.Close()
	return h, admin
}

// quiet wants nothing to have come: a ping that is answered in order shows it.
func (c *client) quiet() {
	c.t.Helper()
	c.ask(`{"type":"ping","uid":"quiet"}`, `{"type":"pong","uid":"quiet"}`)
}

const (
	failedHandshake = `{"type":"auth","status":"error","error":{"code":"AUTH_FAILED","message":"Authentication handshake failed."}}`
	failedAuth      = `{"type":"auth","status":"error","error":{"code":"AUTH_FAILED","message":"Authentication failed."}`
	expiredToken    = `{"type":"auth","status":"error","error":{"code":"TOKEN_EXPIRED","message":"Token expired."}}`
	timedOut        = `{"type":"auth","status":"error","error":{"code":"AUTH_TIMEOUT","message":"Authentication timed out."}}`
	coreForbidden   = `"status":"error","error":{"code":"FORBIDDEN","message":"You don't have permission to access this."}`
	noCollection    = `"status":"error","error":{"code":"INVALID_COLLECTION","message":"The provided collection does not exists or is not accessible."}`
	noStatus        = 1005 // the close code of a close frame without one
)

func coreInvalid(kind, message, uid string) string {
	if uid != "" {
		uid = `,"uid":` + uid
	}
	return `{"type":"` + kind + `","status":"error","error":{"code":"INVALID_PAYLOAD","message":"` + message + `"}` + uid + `}`
}

// The exchanges that were recorded from Directus 10.13.4 as admin; uids are on errors too.
func TestCoreAsRecorded(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Public})
	c := h.dial("")
	c.ask(`{"type":"auth","access_token":"`+admin+`"}`, `{"type":"auth","status":"ok"}`)
	const row = `"test":"c1","status":"published","n":null,"hidden_note":null}`
	const badAction = `Validation error: Invalid literal value, expected \"create\" at \"action\", or Invalid literal value, expected \"read\" at \"action\", or Invalid literal value, expected \"update\" at \"action\", or Invalid literal value, expected \"delete\" at \"action\"`
	for _, x := range [][2]string{
		{`{"type":"ping"}`, `{"type":"pong"}`},
		{`{"type":"ping","uid":"k"}`, `{"type":"pong","uid":"k"}`},
		{`{"type":"items","action":"read","collection":"test","uid":"r1","query":{"fields":["id","test"],"limit":2,"meta":["total_count","filter_count"]}}`,
			`{"type":"items","data":[{"id":1,"test":"one"},{"id":2,"test":"two"}],"meta":{"total_count":3,"filter_count":3},"uid":"r1"}`},
		{`{"type":"items","action":"read","collection":"test","id":1,"query":{"fields":["id"]},"uid":5}`, `{"type":"items","data":{"id":1},"uid":5}`},
		{`{"type":"items","action":"read","collection":"test","id":1,"query":{"fields":["id"]},"uid":0}`, `{"type":"items","data":{"id":1},"uid":0}`},
		{`{"type":"items","action":"read","collection":"test","ids":[1,2],"query":{"fields":["id"]}}`, `{"type":"items","data":[{"id":1},{"id":2}]}`},
		{`{"type":"items","action":"read","collection":"test","query":{"fields":"id,n","sort":"-n","filter":{"n":{"_gt":1}}}}`,
			`{"type":"items","data":[{"id":3,"n":3},{"id":2,"n":2}]}`},
		{`{"type":"items","action":"read","collection":"test","query":{"limit":0}}`, `{"type":"items","data":[]}`},
		{`{"type":"items","action":"read","collection":"test","query":{"aggregate":{"count":"*"}}}`, `{"type":"items","data":[{"count":3}]}`},
		{`{"type":"items","action":"read","collection":"nosuch","uid":"n"}`, `{"type":"items",` + noCollection + `,"uid":"n"}`},
		{`{"type":"items","action":"read","collection":"directus_users","uid":"n2"}`, `{"type":"items",` + noCollection + `,"uid":"n2"}`},
		{`{"type":"items","action":"frob","collection":"test","uid":"n3"}`, coreInvalid("items", badAction, `"n3"`)},
		{`{"type":"items","collection":"test","uid":"n4"}`, coreInvalid("items", badAction, `"n4"`)},
		{`{"type":"items","action":"create","collection":"test","data":{"test":"c1","status":"published"},"uid":"c1"}`,
			`{"type":"items","data":{"id":4,` + row + `,"uid":"c1"}`},
		{`{"type":"items","action":"create","collection":"test","data":[{"test":"c2"},{"test":"c3"}],"query":{"fields":["id","test"]}}`,
			`{"type":"items","data":[{"id":5,"test":"c2"},{"id":6,"test":"c3"}]}`},
		{`{"type":"items","action":"update","collection":"test","id":4,"data":{"test":"u1"},"query":{"fields":["id"]},"uid":"u1"}`,
			`{"type":"items","data":{"id":4,"test":"u1","status":"published","n":null,"hidden_note":null},"uid":"u1"}`},
		{`{"type":"items","action":"update","collection":"test","ids":[5,6],"data":{"test":"u2"},"query":{"fields":["id","test"]}}`,
			`{"type":"items","data":[{"id":5,"test":"u2"},{"id":6,"test":"u2"}]}`},
		{`{"type":"items","action":"update","collection":"test","query":{"filter":{"id":{"_eq":6}},"fields":["id","test"]},"data":{"test":"u3"}}`,
			`{"type":"items","data":[{"id":6,"test":"u3"}]}`},
		{`{"type":"items","action":"update","collection":"test","id":999,"data":{"test":"x"},"uid":"u9"}`, `{"type":"items",` + coreForbidden + `,"uid":"u9"}`},
		{`{"type":"items","action":"delete","collection":"test","id":6,"uid":"d1"}`, `{"type":"items","data":6,"uid":"d1"}`},
		{`{"type":"items","action":"delete","collection":"test","ids":[5],"uid":"d2"}`, `{"type":"items","data":[5],"uid":"d2"}`},
		{`{"type":"items","action":"delete","collection":"test","query":{"filter":{"id":{"_eq":4}}},"uid":"d3"}`, `{"type":"items","data":[4],"uid":"d3"}`},
		{`{"type":"items","action":"delete","collection":"test","uid":"d4"}`,
			coreInvalid("items", "Either 'ids', 'id' or 'query' is required for a DELETE request.", `"d4"`)},
		{`{"uid":"g"}`, coreInvalid("server", `Validation error: Required at \"type\"`, `"g"`)},
		{`{bad`, coreInvalid("server", "Unable to parse the incoming message.", "")},
		{`[]`, coreInvalid("server", "Validation error: Expected object, received array", "")},
		{`5`, coreInvalid("server", "Validation error: Expected object, received number", "")},
		{`{"type":"subscribe","uid":"s0"}`, coreInvalid("subscribe", `Validation error: Required at \"collection\"`, `"s0"`)},
		{`{"type":"subscribe","collection":"nosuch","uid":"s0b"}`, `{"type":"subscribe",` + noCollection + `,"uid":"s0b"}`},
		{`{"type":"subscribe","collection":"test","event":"frob","uid":"s0c"}`, coreInvalid("subscribe", `Validation error: Invalid literal value, expected \"create\" at \"event\", or Invalid literal value, expected \"update\" at \"event\", or Invalid literal value, expected \"delete\" at \"event\"`, `"s0c"`)},
		{`{"type":"subscribe","collection":"test","item":99999,"uid":"s9"}`, `{"type":"subscribe",` + coreForbidden + `,"uid":"s9"}`},
		{`{"type":"unsubscribe","uid":"never"}`, `{"type":"subscription","event":"unsubscribe","uid":"never"}`},
		{`{"type":"unsubscribe"}`, `{"type":"subscription","event":"unsubscribe"}`},
	} {
		c.ask(x[0], x[1])
	}
	for _, ignored := range []string{`{"type":"PING"}`, `{"type":"frob","uid":"f"}`, `{"type":"get","collection":"test","query":{"limit":1}}`, `{"type":"pong"}`} {
		c.send(ignored)
		c.quiet()
	}
}

// The subscribers of the recording, and what each of them is told of every write.
func TestCoreSubscribersAsRecorded(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	c, actor := h.dial(""), h.dial("")
	for _, one := range []*client{c, actor} {
		one.ask(`{"type":"auth","access_token":"`+admin+`","uid":"h1"}`, `{"type":"auth","status":"ok","uid":"h1"}`)
	}
	const all = `[{"id":1,"test":"one","status":"published","n":1,"hidden_note":"h1"},{"id":2,"test":"two","status":"draft","n":2,"hidden_note":"h2"},{"id":3,"test":"three","status":"published","n":3,"hidden_note":"h3"}]`
	c.ask(`{"type":"subscribe","collection":"test","uid":"s1"}`, `{"type":"subscription","event":"init","data":`+all+`,"uid":"s1"}`)
	c.ask(`{"type":"subscribe","collection":"test","event":"create","uid":"s2","query":{"fields":["id","test"]}}`, `{"type":"subscription","event":"init","uid":"s2"}`)
	c.ask(`{"type":"subscribe","collection":"test","uid":"s3","query":{"fields":["id","status"],"filter":{"status":{"_eq":"published"}}}}`,
		`{"type":"subscription","event":"init","data":[{"id":1,"status":"published"},{"id":3,"status":"published"}],"uid":"s3"}`)
	c.ask(`{"type":"subscribe","collection":"test","uid":7,"item":1,"query":{"fields":["id","test"]}}`,
		`{"type":"subscription","event":"init","data":{"id":1,"test":"one"},"uid":"7"}`)
	c.ask(`{"type":"subscribe","collection":"test"}`, `{"type":"subscription","event":"init","data":`+all+`}`)
	event := func(kind, data, uid string) string {
		if uid != "" {
			uid = `,"uid":"` + uid + `"`
		}
		return `{"type":"subscription","event":"` + kind + `","data":` + data + uid + `}`
	}
	write := func(message, answer string, events ...string) {
		t.Helper()
		actor.ask(message, answer)
		c.wantAll(events...)
		c.quiet()
	}
	write(`{"type":"items","action":"create","collection":"test","data":{"test":"e1","status":"published"},"query":{"fields":["id"]}}`, `{"type":"items","data":{"id":4}}`,
		event("create", `[{"id":4,"test":"e1","status":"published","n":null,"hidden_note":null}]`, "s1"),
		event("create", `[{"id":4,"test":"e1"}]`, "s2"),
		event("create", `[{"id":4,"status":"published"}]`, "s3"),
		event("create", `[{"id":4,"test":"e1","status":"published","n":null,"hidden_note":null}]`, ""))
	write(`{"type":"items","action":"create","collection":"test","data":[{"test":"e3"},{"test":"e4"}],"query":{"fields":["id"]}}`, `{"type":"items","data":[{"id":5},{"id":6}]}`,
		event("create", `[{"id":5,"test":"e3","status":null,"n":null,"hidden_note":null}]`, "s1"),
		event("create", `[{"id":6,"test":"e4","status":null,"n":null,"hidden_note":null}]`, "s1"),
		event("create", `[{"id":5,"test":"e3"}]`, "s2"),
		event("create", `[{"id":6,"test":"e4"}]`, "s2"),
		event("create", `[{"id":5,"test":"e3","status":null,"n":null,"hidden_note":null}]`, ""),
		event("create", `[{"id":6,"test":"e4","status":null,"n":null,"hidden_note":null}]`, ""))
	write(`{"type":"items","action":"update","collection":"test","ids":[1,2],"data":{"n":7},"query":{"fields":["id"]}}`, `{"type":"items","data":[{"id":1},{"id":2}]}`,
		event("update", `[{"id":1,"test":"one","status":"published","n":7,"hidden_note":"h1"},{"id":2,"test":"two","status":"draft","n":7,"hidden_note":"h2"}]`, "s1"),
		event("update", `[{"id":1,"status":"published"}]`, "s3"),
		event("update", `[{"id":1,"test":"one"}]`, "7"),
		event("update", `[{"id":1,"test":"one","status":"published","n":7,"hidden_note":"h1"},{"id":2,"test":"two","status":"draft","n":7,"hidden_note":"h2"}]`, ""))
	const draft = `[{"id":1,"test":"one","status":"draft","n":7,"hidden_note":"h1"}]`
	write(`{"type":"items","action":"update","collection":"test","id":1,"data":{"status":"draft"}}`, `{"type":"items","data":`+draft[1:len(draft)-1]+`}`,
		event("update", draft, "s1"), event("update", draft, ""), event("update", `[{"id":1,"test":"one"}]`, "7"))
	write(`{"type":"items","action":"delete","collection":"test","id":2}`, `{"type":"items","data":2}`,
		event("delete", `[2]`, "s1"), event("delete", `[2]`, "s3"), event("delete", `[2]`, ""))
	write(`{"type":"items","action":"delete","collection":"test","ids":["1",3]}`, `{"type":"items","data":["1",3]}`,
		event("delete", `[1,3]`, "s1"), event("delete", `[1,3]`, "s3"), event("delete", `[1,3]`, ""), event("delete", `[1]`, "7"))

	c.ask(`{"type":"subscribe","collection":"test","uid":"s1","event":"delete"}`, `{"type":"subscription","event":"init","uid":"s1"}`)
	c.ask(`{"type":"unsubscribe","uid":"s2"}`, `{"type":"subscription","event":"unsubscribe","uid":"s2"}`)
	c.ask(`{"type":"unsubscribe","uid":7}`, `{"type":"subscription","event":"unsubscribe","uid":"7"}`)
	write(`{"type":"items","action":"delete","collection":"test","id":4}`, `{"type":"items","data":4}`,
		event("delete", `[4]`, "s1"), event("delete", `[4]`, "s3"), event("delete", `[4]`, ""))
	c.ask(`{"type":"unsubscribe"}`, `{"type":"subscription","event":"unsubscribe"}`)
	write(`{"type":"items","action":"create","collection":"test","data":{"test":"z"},"query":{"fields":["id"]}}`, `{"type":"items","data":{"id":7}}`)
	if n := h.hub.Sessions(); n != 2 {
		t.Errorf("%d sessions are left of two connections without subscriptions", n)
	}
}

// wantAll wants the next messages to be these, in any order: that of subscriptions is not kept.
func (c *client) wantAll(messages ...string) {
	c.t.Helper()
	missing := map[string]int{}
	for _, m := range messages {
		missing[m]++
	}
	for range messages {
		got := c.next()
		if missing[got]--; missing[got] < 0 {
			c.t.Errorf("unexpected %s", got)
		}
	}
	for m, n := range missing {
		if n > 0 {
			c.t.Errorf("missing %s", m)
		}
	}
}
