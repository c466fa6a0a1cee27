package directus

import (
	"fmt"
	"regexp"
	"testing"

	"nightwire/realtime/realtimetest"
	"nightwire/security"
	"nightwire/storage"
)

// The recorded events of the legacy dialect, of every kind of write, in order.
func TestLegacyEvents(t *testing.T) {
	h, editor := stocked(t, Options{})
	actor, c := h.connect(editor), h.connect(editor)
	c.send(`{"type":"subscribe","collection":"test"}`)
	c.settled()
	write := func(message string) {
		actor.send(message)
		actor.next()
	}
	write(`{"type":"post","collection":"test","data":{"test":"w1","status":"published","n":10}}`)
	write(`{"type":"post","collection":"test","data":[{"test":"w3","status":"published"},{"test":"w4","status":"draft"}]}`)
	write(`{"type":"patch","collection":"test","id":1,"data":{"test":"one-b"}}`)
	write(`{"type":"patch","collection":"test","ids":[1,2],"data":{"n":5}}`)
	write(`{"type":"delete","collection":"test","id":2}`)
	write(`{"type":"delete","collection":"test","ids":[4,1,999]}`)
	write(`{"type":"post","collection":"todo","data":{"test":"not told"}}`)
	write(`{"type":"patch","collection":"test","ids":[3],"data":{}}`)
	write(`{"type":"post","collection":"test","data":{"test":"é<&>"}}`)
	c.want(
		`{"action":"create","payload":{"test":"w1","status":"published","n":10},"key":4,"collection":"test"}`,
		`{"action":"create","payload":{"test":"w3","status":"published"},"key":5,"collection":"test"}`,
		`{"action":"create","payload":{"test":"w4","status":"draft"},"key":6,"collection":"test"}`,
		`{"action":"update","payload":{"test":"one-b"},"keys":[1],"collection":"test"}`,
		`{"action":"update","payload":{"n":5},"keys":[1,2],"collection":"test"}`,
		`{"action":"delete","payload":[2],"collection":"test"}`,
		`{"action":"delete","payload":[4,1],"collection":"test"}`,
		`{"action":"create","payload":{"test":"é<&>"},"key":7,"collection":"test"}`,
	)
}

// A subscription with uid or query gets the frames of the later extension, one without those of the published documents.
func TestV3Events(t *testing.T) {
	h, editor := stocked(t, Options{})
	actor, plain, filtered, twice := h.connect(editor), h.connect(editor), h.connect(editor), h.connect(editor)
	plain.send(`{"type":"subscribe","collection":"test","uid":7}`)
	filtered.send(`{"type":"subscribe","collection":"test","uid":"sub-q","query":{"fields":["id","test"],"filter":{"status":{"_eq":"published"}}}}`)
	twice.send(`{"type":"subscribe","collection":"test","uid":"a","query":{"fields":["id"]}}`)
	twice.send(`{"type":"subscribe","collection":"test","uid":"a","query":{"fields":["id"]}}`) // once is enough
	twice.send(`{"type":"subscribe","collection":"test","query":{"fields":["id"]}}`)
	for _, c := range []*client{plain, filtered, twice} {
		c.settled()
	}
	for _, message := range []string{
		`{"type":"post","collection":"test","data":[{"test":"w3","status":"published"},{"test":"w4","status":"draft"}]}`,
		`{"type":"patch","collection":"test","ids":[1,2],"data":{"n":5}}`,
		`{"type":"patch","collection":"test","id":2,"data":{"n":6}}`,
		`{"type":"patch","collection":"test","id":4,"data":{"status":"draft"}}`,
		`{"type":"delete","collection":"test","ids":[1,2]}`,
		`{"type":"delete","collection":"test","ids":[4]}`,
		`{"type":"delete","collection":"test","ids":[3]}`,
	} {
		actor.send(message)
		actor.next()
	}
	plain.want(
		`{"type":"SUBSCRIPTION","key":4,"action":"create","collection":"test","payload":{"id":4,"test":"w3","status":"published","n":null,"hidden_note":null},"uid":7}`,
		`{"type":"SUBSCRIPTION","key":5,"action":"create","collection":"test","payload":{"id":5,"test":"w4","status":"draft","n":null,"hidden_note":null},"uid":7}`,
		`{"type":"SUBSCRIPTION","keys":[1,2],"action":"update","collection":"test","payload":[{"id":1,"test":"one","status":"published","n":5,"hidden_note":"h1"},{"id":2,"test":"two","status":"draft","n":5,"hidden_note":"h2"}],"uid":7}`,
		`{"type":"SUBSCRIPTION","keys":[2],"action":"update","collection":"test","payload":[{"id":2,"test":"two","status":"draft","n":6,"hidden_note":"h2"}],"uid":7}`,
		`{"type":"SUBSCRIPTION","keys":[4],"action":"update","collection":"test","payload":[{"id":4,"test":"w3","status":"draft","n":null,"hidden_note":null}],"uid":7}`,
		`{"type":"SUBSCRIPTION","action":"delete","collection":"test","payload":[1,2],"uid":7}`,
		`{"type":"SUBSCRIPTION","action":"delete","collection":"test","payload":[4],"uid":7}`,
		`{"type":"SUBSCRIPTION","action":"delete","collection":"test","payload":[3],"uid":7}`,
	)
	filtered.want(
		`{"type":"SUBSCRIPTION","key":4,"action":"create","collection":"test","payload":{"id":4,"test":"w3"},"uid":"sub-q"}`,
		`{"type":"SUBSCRIPTION","keys":[1,2],"action":"update","collection":"test","payload":[{"id":1,"test":"one"}],"uid":"sub-q"}`,
		// What left the filter is not told, nor what then happens to it: a deletion is judged by the last state.
		`{"type":"SUBSCRIPTION","action":"delete","collection":"test","payload":[1],"uid":"sub-q"}`,
		`{"type":"SUBSCRIPTION","action":"delete","collection":"test","payload":[3],"uid":"sub-q"}`,
	)
	for _, uid := range []string{`,"uid":"a"`, ""} { // in the order of the subscriptions
		for _, key := range []int{4, 5} {
			twice.want(fmt.Sprintf(`{"type":"SUBSCRIPTION","key":%d,"action":"create","collection":"test","payload":{"id":%d}%s}`, key, key, uid))
		}
	}
}

func TestSubscriptionToGroupsIsRefused(t *testing.T) {
	h, editor := stocked(t, Options{})
	h.connect(editor).ask(`{"type":"subscribe","collection":"test","uid":1,"query":{"aggregate":{"count":"*"}}}`, refusal(400, "INVALID_QUERY", `,"uid":1`))
}

// In the dialect v3 every subscription is of the later extension.
func TestV3ByChoice(t *testing.T) {
	h, editor := stocked(t, Options{})
	c := h.dial("?dialect=v3&api_token=" + editor)
	c.send(`{"type":"subscribe","collection":"test"}`)
	c.send(`{"type":"post","collection":"test","data":{"test":"x"},"query":{"fields":["id"]}}`)
	c.want(`{"type":"RESPONSE","data":{"id":4}}`,
		`{"type":"SUBSCRIPTION","key":4,"action":"create","collection":"test","payload":{"id":4,"test":"x","status":null,"n":null,"hidden_note":null}}`)
}

// In the legacy dialect a writer hears his own event before his answer.
func TestOwnEventComesFirst(t *testing.T) {
	h, editor := stocked(t, Options{Rate: -1})
	c := h.connect(editor)
	c.send(`{"type":"subscribe","collection":"test"}`)
	for n := range 50 {
		c.send(fmt.Sprintf(`{"type":"patch","collection":"test","ids":[1,2],"data":{"n":%d},"query":{"fields":["id"]}}`, 100+n))
		c.want(fmt.Sprintf(`{"action":"update","payload":{"n":%d},"keys":[1,2],"collection":"test"}`, 100+n),
			`{"type":"RESPONSE","data":[{"id":1},{"id":2}]}`)
	}
	c.send(`{"type":"delete","collection":"test","id":1,"uid":"r"}`)
	c.want(`{"action":"delete","payload":[1],"collection":"test"}`, `{"type":"RESPONSE","data":1,"uid":"r"}`)
}

// In v3 it is the other way round.
func TestOwnEventComesLast(t *testing.T) {
	h, editor := stocked(t, Options{Rate: -1})
	c := h.connect(editor)
	c.send(`{"type":"subscribe","collection":"test","uid":"s","query":{"fields":["n"]}}`)
	for n := range 50 {
		c.send(fmt.Sprintf(`{"type":"patch","collection":"test","id":1,"data":{"n":%d},"query":{"fields":["id"]}}`, 100+n))
		c.want(`{"type":"RESPONSE","data":{"id":1}}`,
			fmt.Sprintf(`{"type":"SUBSCRIPTION","keys":[1],"action":"update","collection":"test","payload":[{"n":%d}],"uid":"s"}`, 100+n))
	}
}

func TestUnsubscribe(t *testing.T) {
	h, editor := stocked(t, Options{})
	actor, c := h.connect(editor), h.connect(editor)
	event := func(uid string, key int) string {
		return fmt.Sprintf(`{"type":"SUBSCRIPTION","key":%d,"action":"create","collection":"test","payload":{"id":%d},"uid":"%s"}`, key, key, uid)
	}
	create := func() {
		actor.send(`{"type":"post","collection":"test","data":{}}`)
		actor.next()
	}
	for _, uid := range []string{"a", "b"} {
		c.send(`{"type":"subscribe","collection":"test","uid":"` + uid + `","query":{"fields":["id"]}}`)
	}
	c.send(`{"type":"unsubscribe","uid":"a"}`)
	c.send(`{"type":"unsubscribe","uid":"never used"}`)
	c.settled()
	create()
	c.want(event("b", 4))
	c.send(`{"type":" Unsubscribe "}`)
	c.settled()
	create()
	c.send(`{"type":"subscribe","collection":"test","uid":"c","query":{"fields":["id"]}}`)
	c.settled()
	create()
	c.want(event("c", 6))
}

// Forms and views are forgotten with their last subscription.
func TestTopicsAreForgotten(t *testing.T) {
	h, editor := stocked(t, Options{})
	c := h.connect(editor)
	for _, rest := range []string{``, `,"uid":1`, `,"uid":2`, `,"query":{"fields":["id"]}`, `,"uid":1,"query":{"fields":["id"]}`} {
		c.send(`{"type":"subscribe","collection":"test"` + rest + `}`)
	}
	c.settled()
	count := func() (int, int, int) {
		return h.server.topics.forms.Len(), h.server.topics.views.Len(), h.hub.Sessions()
	}
	if forms, views, sessions := count(); forms != 5 || views != 2 || sessions < 6 {
		t.Errorf("%d forms, %d views, %d sessions", forms, views, sessions)
	}
	c.send(`{"type":"unsubscribe","uid":1}`)
	c.settled()
	if forms, views, _ := count(); forms != 3 || views != 2 {
		t.Errorf("%d forms, %d views after unsubscribing", forms, views)
	}
	h.stop()
	if forms, views, sessions := count(); forms != 0 || views != 0 || sessions != 0 {
		t.Errorf("%d forms, %d views, %d sessions are left", forms, views, sessions)
	}
}

func TestMaxSubscriptions(t *testing.T) {
	h, editor := stocked(t, Options{MaxSubscriptions: 2})
	c := h.connect(editor)
	c.send(`{"type":"subscribe","collection":"test","uid":1}`)
	c.send(`{"type":"subscribe","collection":"test"}`)
	c.ask(`{"type":"subscribe","collection":"test","uid":3}`, refusal(403, "LIMIT_EXCEEDED", `,"uid":3`))
	c.send(`{"type":"unsubscribe","uid":1}`)
	c.send(`{"type":"subscribe","collection":"test","uid":3}`)
	c.settled()
}

// Who may hear is judged for each event.
func TestRightsPerEvent(t *testing.T) {
	h, editor := stocked(t, Options{})
	actor, c := h.connect(editor), h.connect(h.token("reader", "api:test:read", "api:todo:read"))
	c.send(`{"type":"subscribe","collection":"test"}`)
	c.send(`{"type":"subscribe","collection":"todo"}`)
	c.settled()
	h.remove(security.Roles, "reader-role")
	h.role("reader-role", "api:todo:read")
	for _, collection := range []string{"test", "todo"} {
		actor.send(`{"type":"post","collection":"` + collection + `","data":{"test":"x"}}`)
		actor.next()
	}
	c.want(`{"action":"create","payload":{"test":"x"},"key":1,"collection":"todo"}`)
}

// Whose subject is deleted is closed with 1008, whether subscribed or not; others stay.
func TestDeletedSubjectIsClosed(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("leaver", crud)
	issued, err := h.guard.Exchange(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	idle, listening, byJWT := h.connect(token), h.connect(token), h.connect(issued.Token)
	stays := h.connect(h.token("stayer", crud))
	listening.send(`{"type":"subscribe","collection":"test"}`)
	for _, c := range []*client{idle, listening, byJWT, stays} {
		c.settled()
	}
	h.remove(security.Subjects, "leaver")
	for _, c := range []*client{idle, listening, byJWT} {
		if code := c.ended(); code != 1008 {
			t.Errorf("closed with %d", code)
		}
	}
	stays.settled()
}

// Documents that other faces write are told in the same form: of a patch what was sent, of a replacement also what went.
func TestEventsOfOtherFaces(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("reader", "api:entries:read"))
	c.send(`{"type":"subscribe","collection":"entries"}`)
	c.settled()
	who := storage.Request{Who: security.Operator()}
	create := func(doc storage.Document) storage.Result {
		t.Helper()
		result, err := h.documents.Create(t.Context(), who, "entries", doc)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	result := create(`{"identifier":"e-1","type":"sgv","date":1700000000000,"utcOffset":0,"app":"x","sgv":100,"note":"n"}`)
	if _, err := h.documents.Patch(t.Context(), who, "entries", result.Identifier, `{"sgv":101}`); err != nil {
		t.Fatal(err)
	}
	create(`{"identifier":"e-1","type":"sgv","date":1700000000000,"utcOffset":0,"app":"x","sgv":102}`)
	if _, err := h.documents.Delete(t.Context(), who, "entries", "e-1", false); err != nil {
		t.Fatal(err)
	}
	if _, err := h.documents.Delete(t.Context(), who, "entries", "e-1", true); err != nil {
		t.Fatal(err)
	}
	c.want(
		`{"action":"create","payload":{"id":"e-1","type":"sgv","date":1700000000000,"utcOffset":0,"app":"x","sgv":100,"note":"n"},"key":"e-1","collection":"entries"}`,
		`{"action":"update","payload":{"sgv":101},"keys":["e-1"],"collection":"entries"}`,
		`{"action":"update","payload":{"type":"sgv","date":1700000000000,"utcOffset":0,"app":"x","sgv":102,"note":null},"keys":["e-1"],"collection":"entries"}`,
		`{"action":"delete","payload":["e-1"],"collection":"entries"}`,
	)
}

// What was deleted is gone for these clients: that its tombstone goes too is nothing to them.
func TestPurgeIsSilent(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("reader", "api:entries:read")
	legacy, v3, core := h.connect(token), h.connect(token), h.dial("?dialect=core&access_token="+token)
	legacy.send(`{"type":"subscribe","collection":"entries"}`)
	legacy.settled()
	v3.send(`{"type":"subscribe","collection":"entries","query":{}}`)
	v3.settled()
	core.ask(`{"type":"subscribe","collection":"entries"}`, `{"type":"subscription","event":"init","data":[]}`)
	who := storage.Request{Who: security.Operator()}
	create := func(identifier string) {
		t.Helper()
		if _, err := h.documents.Create(t.Context(), who, "entries", storage.Document(`{"identifier":"`+identifier+`","date":1700000000000,"utcOffset":0,"app":"x"}`)); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(identifier string, permanently bool) {
		t.Helper()
		if _, err := h.documents.Delete(t.Context(), who, "entries", identifier, permanently); err != nil {
			t.Fatal(err)
		}
	}
	create("a")
	create("b")
	for _, c := range []*client{legacy, v3, core} {
		c.next()
		c.next()
	}
	remove("a", false)
	remove("a", true)
	remove("b", true)
	for c, form := range map[*client]string{
		legacy: `{"action":"delete","payload":["%s"],"collection":"entries"}`,
		v3:     `{"type":"SUBSCRIPTION","action":"delete","collection":"entries","payload":["%s"]}`,
		core:   `{"type":"subscription","event":"delete","data":["%s"]}`,
	} {
		c.want(fmt.Sprintf(form, "a"), fmt.Sprintf(form, "b"))
	}
}

// Subjects are rows without tokens, for those who may list them, and only when the operator wants it.
func TestUsers(t *testing.T) {
	h := newHouse(t, Options{System: true})
	admin := h.connect(h.token("admin", "admin:api:subjects:read", "api:*:*"))
	other := h.connect(h.token("other", "api:*:*"))
	for _, verb := range []string{"get", "subscribe", "post", "patch", "delete"} {
		other.ask(`{"type":"`+verb+`","collection":"directus_users","id":1,"data":{}}`, noRight)
	}
	for _, verb := range []string{"post", "patch", "delete"} {
		admin.ask(`{"type":"`+verb+`","collection":"directus_users","id":1,"data":{}}`, noRight)
	}
	admin.ask(`{"type":"get","collection":"directus_roles"}`, noRight)
	admin.ask(`{"type":"get","collection":"directus_users","query":{"fields":["first_name","role","roles","status","token","accessToken","notes"],"sort":["-first_name"],"filter":{"first_name":{"_neq":"x"}}}}`,
		`{"type":"RESPONSE","data":[{"first_name":"other","role":"other-role","roles":["other-role"],"status":"active"},{"first_name":"admin","role":"admin-role","roles":["admin-role"],"status":"active"}]}`)
	admin.ask(`{"type":"get","collection":"directus_users","query":{"aggregate":{"count":["*"]}}}`, `{"type":"RESPONSE","data":[{"count":2}]}`)
	realtimetest.CatchUp(t, h.hub, h.documents, "todo")
	admin.send(`{"type":"subscribe","collection":"directus_users"}`)
	admin.send(`{"type":"subscribe","collection":"directus_users","uid":"u","query":{"fields":["first_name"],"filter":{"first_name":{"_eq":"third"}}}}`)
	admin.settled()
	h.token("third")
	got := map[string]bool{}
	for range 2 {
		got[withoutKey(admin.next())] = true
	}
	for _, want := range []string{
		`{"action":"create","payload":{"first_name":"third","role":"third-role","roles":["third-role"],"status":"active"},"key":K,"collection":"directus_users"}`,
		`{"type":"SUBSCRIPTION","key":K,"action":"create","collection":"directus_users","payload":{"first_name":"third"},"uid":"u"}`,
	} {
		if !got[want] {
			t.Errorf("no %s in %v", want, got)
		}
	}
	h.remove(security.Subjects, "third")
	got = map[string]bool{}
	for range 2 {
		got[withoutKey(admin.next())] = true
	}
	if !got[`{"action":"delete","payload":[K],"collection":"directus_users"}`] || !got[`{"type":"SUBSCRIPTION","action":"delete","collection":"directus_users","payload":[K],"uid":"u"}`] {
		t.Errorf("deletion is told as %v", got)
	}
}

// withoutKey is an event with its 24 hex digits replaced.
func withoutKey(event string) string { return hexKey.ReplaceAllString(event, "K") }

var hexKey = regexp.MustCompile(`"[0-9a-f]{24}"`)
