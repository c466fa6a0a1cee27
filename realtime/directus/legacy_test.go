package directus

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"nightwire/security"
)

// crud is all rights to a collection, as a permission.
const crud = "api:test:*"

// stocked is a house whose collection test has the three rows of the recordings.
func stocked(t testing.TB, o Options) (h *house, editor string) {
	t.Helper()
	h = newHouse(t, o)
	editor = h.token("editor", crud, "api:Mixed:read", "api:todo:*")
	h.stock(h.connect(editor))
	return h, editor
}

// stock writes the rows of the recordings.
func (h *house) stock(c *client) {
	c.send(`{"type":"post","collection":"test","uid":"stock","data":[{"test":"one","status":"published","n":1,"hidden_note":"h1"},` +
		`{"test":"two","status":"draft","n":2,"hidden_note":"h2"},{"test":"three","status":"published","n":3,"hidden_note":"h3"}]}`)
	if got := c.next(); !strings.HasSuffix(got, `"uid":"stock"}`) {
		h.t.Fatal(got)
	}
}

const (
	one     = `{"id":1,"test":"one","status":"published","n":1,"hidden_note":"h1"}`
	two     = `{"id":2,"test":"two","status":"draft","n":2,"hidden_note":"h2"}`
	three   = `{"id":3,"test":"three","status":"published","n":3,"hidden_note":"h3"}`
	noRight = `{"type":"ERROR","data":{"status":403,"code":"FORBIDDEN"}}`
)

// exchange is a message and its answer.
type exchange struct{ send, want string }

func (c *client) exchanges(list ...exchange) {
	c.t.Helper()
	for _, e := range list {
		c.ask(e.send, e.want)
	}
}

// The recordings of generation G2b that are answered, as they came.
func TestLegacyGet(t *testing.T) {
	h, editor := stocked(t, Options{})
	all := `{"type":"RESPONSE","data":[` + one + `,` + two + `,` + three + `]}`
	h.connect(editor).exchanges(
		exchange{`{"type":"get","collection":"test","query":{"limit":2}}`, `{"type":"RESPONSE","data":[` + one + `,` + two + `]}`},
		exchange{`{"type":"GET","collection":"TEST","uid":"u1","query":{"limit":1,"fields":["id","test"]}}`, `{"type":"RESPONSE","data":[{"id":1,"test":"one"}],"uid":"u1"}`},
		exchange{`{"type":" Get ","collection":" test ","query":{"limit":1,"sort":["-id"]}}`, `{"type":"RESPONSE","data":[` + three + `]}`},
		exchange{`{"type":"get","collection":"test"}`, all},
		exchange{`{"type":"get","collection":"test","query":[1]}`, all},
		exchange{`{"type":"get","collection":"test","query":"x"}`, all},
		exchange{`{"type":"get","collection":"test","query":null}`, all},
		exchange{`{"type":"get","collection":"test","id":2}`, all},
		exchange{`{"type":"get","collection":"test","ids":[1,2]}`, all},
		exchange{`{"type":"get","collection":"test","query":{"limit":0}}`, `{"type":"RESPONSE","data":[]}`},
		exchange{`{"type":"get","collection":"test","query":{"aggregate":{"count":["*"]},"group":["status"]}}`, `{"type":"RESPONSE","data":[{"status":"draft","count":1},{"status":"published","count":2}]}`},
		exchange{`{"type":"get","collection":"test","uid":7,"query":{"limit":1,"fields":["id"]}}`, `{"type":"RESPONSE","data":[{"id":1}],"uid":7}`},
		exchange{`{"type":"get","collection":"test","uid":0,"query":{"limit":1,"fields":["id"]}}`, `{"type":"RESPONSE","data":[{"id":1}]}`},
		exchange{`{"type":"get","collection":"test","uid":{"a":1},"query":{"limit":1,"fields":["id"]}}`, `{"type":"RESPONSE","data":[{"id":1}],"uid":{"a":1}}`},
		exchange{`{"type":"get","collection":"test","uid":3,"query":{"filter":{"n":{"_bogus":1}}}}`, refusal(400, "INVALID_QUERY", `,"uid":3`)},
		exchange{`{"type":"get","collection":"Mixed"}`, `{"type":"RESPONSE","data":[]}`},
	)
}

func TestLegacyPost(t *testing.T) {
	h, editor := stocked(t, Options{})
	h.connect(editor).exchanges(
		exchange{`{"type":"post","collection":"test","data":{"test":"p1","status":"published"},"uid":"c1"}`, `{"type":"RESPONSE","data":{"id":4,"test":"p1","status":"published","n":null,"hidden_note":null},"uid":"c1"}`},
		exchange{`{"type":"post","collection":"test","data":[{"test":"p2"},{"test":"p3"}],"uid":"c2"}`, `{"type":"RESPONSE","data":[{"id":5,"test":"p2","status":null,"n":null,"hidden_note":null},{"id":6,"test":"p3","status":null,"n":null,"hidden_note":null}],"uid":"c2"}`},
		exchange{`{"type":"POST","collection":"test","data":{"test":"p4"},"query":{"fields":["id"]}}`, `{"type":"RESPONSE","data":{"id":7}}`},
		exchange{`{"type":"POST","collection":"test","data":[]}`, `{"type":"RESPONSE","data":[]}`},
		exchange{`{"type":"POST","collection":"test"}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"POST","collection":"test","data":null,"uid":"n"}`, refusal(400, "INVALID_PAYLOAD", `,"uid":"n"`)},
		exchange{`{"type":"POST","collection":"test","data":""}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"POST","collection":"test","data":5}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"POST","collection":"test","data":"str"}`, `{"type":"RESPONSE","data":{"id":8,"test":null,"status":null,"n":null,"hidden_note":null}}`},
		exchange{`{"type":"POST","collection":"test","data":[{},5]}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"POST","collection":"test","data":{"nope":1}}`, `{"type":"RESPONSE","data":{"id":9,"test":null,"status":null,"n":null,"hidden_note":null}}`},
		exchange{`{"type":"POST","collection":"test","data":{"id":1,"test":"dup"},"uid":"dup"}`, `{"type":"ERROR","data":{"status":400,"code":"RECORD_NOT_UNIQUE","extensions":{"collection":"test","field":"id"}},"uid":"dup"}`},
		// Answers are in the order of the primary key, by number.
		exchange{`{"type":"POST","collection":"test","query":{"fields":["id"]},"data":[{"id":100},{"id":20},{"id":"30"}]}`, `{"type":"RESPONSE","data":[{"id":20},{"id":30},{"id":100}]}`},
		exchange{`{"type":"POST","collection":"test","query":{"fields":["id"]},"data":{}}`, `{"type":"RESPONSE","data":{"id":101}}`},
		exchange{`{"type":"POST","collection":"test","query":{"fields":["test"]},"data":{"test":"é` + "\u2028" + `<&>😀"},"uid":"<&>"}`, `{"type":"RESPONSE","data":{"test":"é` + "\u2028" + `<&>😀"},"uid":"<&>"}`},
	)
}

func TestLegacyPatch(t *testing.T) {
	h, editor := stocked(t, Options{})
	h.connect(editor).exchanges(
		exchange{`{"type":"PATCH","collection":"test","id":2,"data":{"test":"q1"},"uid":"d1"}`, `{"type":"RESPONSE","data":{"id":2,"test":"q1","status":"draft","n":2,"hidden_note":"h2"},"uid":"d1"}`},
		exchange{`{"type":"PATCH","collection":"test","id":"2","data":{"test":"q1b"},"query":{"fields":["id","test"]}}`, `{"type":"RESPONSE","data":{"id":2,"test":"q1b"}}`},
		exchange{`{"type":"PATCH","collection":"test","ids":[3,1],"data":{"status":"x"},"query":{"fields":["id"]}}`, `{"type":"RESPONSE","data":[{"id":1},{"id":3}]}`},
		exchange{`{"type":"PATCH","collection":"test","ids":[],"data":{"test":"q2"}}`, `{"type":"RESPONSE","data":[]}`},
		exchange{`{"type":"PATCH","collection":"test","data":{"test":"q3"},"uid":"d3"}`, refusal(400, "INVALID_PAYLOAD", `,"uid":"d3"`)},
		exchange{`{"type":"PATCH","collection":"test","id":999,"data":{"test":"q3"},"uid":"d4"}`, refusal(403, "FORBIDDEN", `,"uid":"d4"`)},
		exchange{`{"type":"PATCH","collection":"test","id":999}`, refusal(403, "FORBIDDEN")},
		exchange{`{"type":"PATCH","collection":"test","ids":[1,999],"data":{"n":7},"query":{"fields":["id","n"]}}`, `{"type":"RESPONSE","data":[{"id":1,"n":7}]}`},
		exchange{`{"type":"PATCH","collection":"test","id":2,"query":{"fields":["id"]}}`, `{"type":"RESPONSE","data":{"id":2}}`},
		exchange{`{"type":"PATCH","collection":"test","id":2,"data":{},"query":{"fields":["id"]}}`, `{"type":"RESPONSE","data":{"id":2}}`},
		exchange{`{"type":"PATCH","collection":"test","id":2,"ids":[3],"data":{"test":"both"},"query":{"fields":["id","test"]}}`, `{"type":"RESPONSE","data":[{"id":3,"test":"both"}]}`},
		exchange{`{"type":"PATCH","collection":"test","id":2,"data":"x"}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"PATCH","collection":"test","ids":{"a":1},"data":{}}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"PATCH","collection":"test","ids":[{"a":1}],"data":{"n":1}}`, refusal(400, "INVALID_PAYLOAD")},
		// The README's sample of a DELETE says PATCH: nothing may be deleted.
		exchange{`{"type":"PATCH","collection":"test","ids":[1,3],"query":{"fields":["id"]}}`, `{"type":"RESPONSE","data":[{"id":1},{"id":3}]}`},
		exchange{`{"type":"GET","collection":"test","query":{"fields":["id"]}}`, `{"type":"RESPONSE","data":[{"id":1},{"id":2},{"id":3}]}`},
	)
}

func TestLegacyDelete(t *testing.T) {
	h, editor := stocked(t, Options{})
	h.connect(editor).exchanges(
		exchange{`{"type":"DELETE","collection":"test","uid":"e3"}`, refusal(400, "INVALID_PAYLOAD", `,"uid":"e3"`)},
		exchange{`{"type":"DELETE","collection":"test","id":null}`, refusal(400, "INVALID_PAYLOAD")},
		exchange{`{"type":"DELETE","collection":"test","id":2,"uid":"e1"}`, `{"type":"RESPONSE","data":2,"uid":"e1"}`},
		exchange{`{"type":"DELETE","collection":"test","id":999,"uid":"e4"}`, `{"type":"RESPONSE","data":999,"uid":"e4"}`},
		exchange{`{"type":"DELETE","collection":"test","ids":[]}`, `{"type":"RESPONSE","data":[]}`},
		exchange{`{"type":"DELETE","collection":"test","ids":["3",1]}`, `{"type":"RESPONSE","data":["3",1]}`},
		exchange{`{"type":"DELETE","collection":"test","id":2}`, `{"type":"RESPONSE","data":2}`},
		exchange{`{"type":"GET","collection":"test"}`, `{"type":"RESPONSE","data":[]}`},
	)
}

// Where the original was silent there is an error, and the connection goes on (spec §8).
func TestLegacyErrors(t *testing.T) {
	h, editor := stocked(t, Options{MaxList: 4})
	c := h.connect(editor)
	bad := refusal(400, "INVALID_PAYLOAD")
	for _, message := range []string{
		`{not json`, ``, `[]`, `[1]`, `null`, `5`, `"str"`, `{}`, `{"type":"frobnicate"}`, `{"type":5,"collection":"test"}`,
		`{"type":"get"}`, `{"type":"get","collection":""}`, `{"type":"get","collection":5}`, `{"type":"subscribe","collection":" "}`,
		`{"collection":"test"}`, `{"type":"unsubscribed","collection":"test"}`, `{"type":"AUTH"}`, `{"type":"Items"}`,
		`{"type":"delete","collection":"test","ids":[1,2,3,4,5]}`, `{"type":"post","collection":"test","data":[{},{},{},{},{}]}`,
	} {
		c.ask(message, bad)
	}
	for _, message := range []string{
		`{"type":"get","collection":"nosuch"}`,
		`{"type":"get","collection":"secret"}`, `{"type":"post","collection":"secret"}`, `{"type":"post","collection":"nosuch"}`,
		`{"type":"patch","collection":"secret","id":1,"data":5}`, `{"type":"delete","collection":"secret","id":1}`, `{"type":"delete","collection":"secret"}`,
		`{"type":"subscribe","collection":"secret"}`, `{"type":"subscribe","collection":"nosuch"}`, `{"type":"get","collection":"directus_users"}`,
		`{"type":"get","collection":"auth_subjects"}`, `{"type":"get","collection":"secret","query":{"filter":{"n":{"_bogus":1}}}}`,
		`{"type":"get","collection":"directus_roles"}`, `{"type":"subscribe","collection":"directus_users"}`,
	} {
		c.ask(message, noRight)
	}
	c.ask(`{"type":"frobnicate","collection":"test","uid":"z"}`, refusal(400, "INVALID_PAYLOAD", `,"uid":"z"`))
	c.ask(`{"type":"get","collection":"secret","uid":"f1"}`, refusal(403, "FORBIDDEN", `,"uid":"f1"`))
	c.ask(`{"type":"subscribe","collection":"secret","uid":"f5"}`, refusal(403, "FORBIDDEN", `,"uid":"f5"`))
}

// Each right is asked for by itself, when the message comes.
func TestRightsPerMessage(t *testing.T) {
	h, _ := stocked(t, Options{})
	reader, writer := h.connect(h.token("reader", "api:test:read")), h.connect(h.token("writer", "api:test:create,update,delete"))
	reader.exchanges(
		exchange{`{"type":"get","collection":"test","query":{"limit":1}}`, `{"type":"RESPONSE","data":[` + one + `]}`},
		exchange{`{"type":"post","collection":"test","data":{}}`, noRight},
		exchange{`{"type":"post","collection":"test","data":[]}`, noRight},
		exchange{`{"type":"patch","collection":"test","id":1,"data":{"n":2}}`, noRight},
		exchange{`{"type":"patch","collection":"test","id":1}`, noRight},
		exchange{`{"type":"delete","collection":"test","id":1}`, noRight},
		exchange{`{"type":"delete","collection":"test","ids":[]}`, noRight},
	)
	writer.exchanges(
		exchange{`{"type":"get","collection":"test"}`, noRight},
		exchange{`{"type":"subscribe","collection":"test"}`, noRight},
		exchange{`{"type":"post","collection":"test","data":{"test":"x"}}`, `{"type":"RESPONSE","data":{"id":4}}`},
		exchange{`{"type":"patch","collection":"test","ids":[1,999],"data":{"n":1}}`, `{"type":"RESPONSE","data":[{"id":1}]}`},
		exchange{`{"type":"delete","collection":"test","id":4}`, `{"type":"RESPONSE","data":4}`},
	)
	h.remove(security.Roles, "reader-role")
	h.role("reader-role", "api:todo:read")
	reader.ask(`{"type":"get","collection":"todo"}`, `{"type":"RESPONSE","data":[]}`)
}

// Settings is private: it is seen as a whole by holders of admin only.
func TestPrivateCollection(t *testing.T) {
	h := newHouse(t, Options{})
	reader, admin := h.connect(h.token("reader", "api:settings:read")), h.connect(h.token("admin", "api:settings:admin"))
	for _, verb := range []string{"get", "subscribe"} {
		reader.ask(`{"type":"`+verb+`","collection":"settings"}`, noRight)
	}
	admin.ask(`{"type":"get","collection":"settings"}`, `{"type":"RESPONSE","data":[]}`)
}

// Handlers that are off answer as unknown types do.
func TestVerbsThatAreOff(t *testing.T) {
	h := newHouse(t, Options{Off: Verbs{Get: true, Post: true, Patch: true, Delete: true, Subscribe: true}})
	c := h.connect(h.token("editor", crud))
	for _, verb := range []string{"get", "post", "patch", "delete", "subscribe", "unsubscribe"} {
		c.ask(`{"type":"`+verb+`","collection":"test","data":{},"id":1}`, refusal(400, "INVALID_PAYLOAD"))
	}
}

// The later dialect's errors are their texts.
func TestV3Errors(t *testing.T) {
	h, editor := stocked(t, Options{Dialect: V3})
	c := h.connect(editor)
	text := func(message string) string { return `{"type":"ERROR","data":"` + message + `"}` }
	c.exchanges(
		exchange{`{"type":"frobnicate"}`, text("Invalid message type! Either get, post, patch, delete or subscribe expected")},
		exchange{`{"type":"get","collection":"secret"}`, text("You don't have permission to access this.")},
		exchange{`{"type":"patch","collection":"test","data":{}}`, text("Either 'ids' or 'id' is required for a PATCH request")},
		exchange{`{"type":"delete","collection":"test"}`, text("Either 'ids' or 'id' is required for a DELETE request")},
		exchange{`{"type":"post","collection":"test","data":{"id":1}}`, text(`Field \"id\" has to be unique.`)},
	)
}

// Too many messages are refused, and not worked on.
func TestRate(t *testing.T) {
	h := newHouse(t, Options{Public: true, Rate: 3})
	c := h.connect("")
	for range 10 {
		c.send(`{"type":"x"}`)
	}
	refused := 0
	for range 10 {
		if c.next() == refusal(429, "REQUESTS_EXCEEDED") {
			refused++
		}
	}
	if refused < 5 || refused > 7 {
		t.Errorf("%d of 10 were too many", refused)
	}
}

// A client that does not wait for its answers, as the original allowed any number of requests, is no flood.
func TestManyRequestsAtOnce(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("reader", "api:test:read"))
	const many = 300
	for i := range many {
		c.send(fmt.Sprintf(`{"type":"get","collection":"test","uid":%d}`, i+1))
	}
	for i := range many {
		c.want(fmt.Sprintf(`{"type":"RESPONSE","data":[],"uid":%d}`, i+1))
	}
}

func TestMessageSizeAndText(t *testing.T) {
	o := Options{Public: true}
	o.Wire.MaxMessage = 100
	h := newHouse(t, o)
	c := h.connect("")
	c.settled()
	c.send(strings.Repeat("x", 101))
	if code := c.ended(); code != 1009 {
		t.Errorf("oversize closes with %d", code)
	}
	c = h.connect("")
	c.send("\xff")
	if code := c.ended(); code != 1007 {
		t.Errorf("bad text closes with %d", code)
	}
}

// brokenGuard fails in a way that nobody foresaw.
type brokenGuard struct {
	*security.Guard
	broken atomic.Bool
}

func (g *brokenGuard) Check(ctx context.Context, id security.Identity, p security.Permission) error {
	if g.broken.Load() {
		panic("a fault")
	}
	return g.Guard.Check(ctx, id, p)
}

// A fault in one message costs its connection, and nobody else's.
func TestFaultCostsOneConnection(t *testing.T) {
	h, editor := stocked(t, Options{})
	guard := &brokenGuard{Guard: h.guard}
	h.server.options.Guard = guard
	bad, good := h.connect(editor), h.connect(editor)
	guard.broken.Store(true)
	bad.send(`{"type":"get","collection":"test"}`)
	if code := bad.ended(); code != 1011 {
		t.Errorf("closed with %d", code)
	}
	guard.broken.Store(false)
	good.ask(`{"type":"get","collection":"test","query":{"limit":1}}`, `{"type":"RESPONSE","data":[`+one+`]}`)
}
