package users

import (
	"fmt"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

func TestAccountsAreTold(t *testing.T) {
	h := newHouse(t, configured(nil))
	c, other := h.connect(), h.connect()
	h.tells.Store(true)
	told := func(events ...string) {
		t.Helper()
		c.hears(events...)
		other.hears(events...)
	}
	role := h.put(security.Roles, "", map[string]any{"name": "reader", "permissions": []string{"api:*:read"}})
	subject := h.put(security.Subjects, "", map[string]any{"name": "anna <b>", "roles": []string{}}) // a name, and no rights
	h.put(security.Subjects, subject, map[string]any{"name": "anna <b>", "roles": []string{"reader"}})
	told(`{"username":"anna <b>","eventType":3}`)
	token, err := h.guard.EnsureSubject(t.Context(), "anna <b>")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.guard.Exchange(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	told(`{"username":"anna <b>","eventType":1}`)
	if err := h.guard.SignOut(t.Context(), h.by(token).Who); err != nil {
		t.Fatal(err)
	}
	told(`{"username":"anna <b>","eventType":2}`)
	h.put(security.Roles, role, map[string]any{"name": "reader", "permissions": []string{}})
	told(`{"username":"anna <b>","eventType":2}`)
	h.remove(security.Subjects, "anna <b>")
	told(`{"username":"anna <b>","eventType":2}`, `{"username":"anna <b>","eventType":4}`)
	everybodyHears(c, other)
}

func TestRestrictedUserEvents(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.UserEvents, c.SocketAPIKey = Restricted, "the key" }))
	anna, otto := h.token("anna", "*:*:read"), h.token("otto", "*:*:read")
	trusted := h.connect("users-api-key: the key")
	c, d, nobody := h.as(anna), h.as(otto), h.connect()
	h.tells.Store(true)
	for range 2 {
		for _, token := range []string{anna, otto, anna} {
			if _, err := h.guard.Exchange(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
	}
	const a, o = `{"username":"anna","eventType":1}`, `{"username":"otto","eventType":1}`
	c.hears(a, a, a, a)
	d.hears(o, o)
	trusted.hears(a, o, a, a, o, a)
	everybodyHears(nobody, c, d, trusted)
}

func TestDocumentsAreTold(t *testing.T) {
	h := newHouse(t, configured(nil))
	writer := h.token("writer <&>", "api:*:create,read,update,delete")
	c := h.as(writer)
	id := h.insert(writer, "todo", `{"b":"<&>\u2028","a":1.50}`)
	c.heardDocument(11, "writer <&>", `"b":"<&>`+"\u2028"+`","a":1.50`)
	if _, err := h.documents.Patch(t.Context(), h.by(""), "todo", id, `{"a":2}`); err != nil {
		t.Fatal(err)
	}
	c.heardDocument(12, "", `"a":2`)
	h.delete(writer, "todo", id, false)
	c.hears(`{"username":"writer <&>","eventType":13,"colName":"todo","identifier":"` + id + `"}`)
	h.delete("", "todo", id, true) // it is gone already
	id = h.insert("", "todo", `{"c":3}`)
	c.heardDocument(11, "", `"c":3`)
	h.delete("", "todo", id, true)
	c.hears(`{"eventType":13,"colName":"todo","identifier":"` + id + `"}`)
	everybodyHears(c)
}

// heardDocument checks that the next event shows a document with these fields, by whom.
func (c *testClient) heardDocument(event int, by, fields string) {
	c.t.Helper()
	_, got := c.frame()
	begins := fmt.Sprintf(`{"eventType":%d,"colName":"todo","doc":{`, event)
	if by != "" {
		begins = fmt.Sprintf(`{"username":"%s",%s`, by, begins[1:])
	}
	if !strings.HasPrefix(got, begins) || !strings.HasSuffix(got, "}}") || !strings.Contains(got, fields) {
		c.t.Fatalf("got %s, want %s ... %s", got, begins, fields)
	}
}

// A tombstone that is revived is there again.
func TestRevivedDocumentsAreCreated(t *testing.T) {
	h := newHouse(t, configured(nil))
	c := h.as(h.token("reader", "api:*:read"))
	id := h.insert("", "todo", `{"a":1}`)
	h.delete("", "todo", id, false)
	if _, err := h.documents.Create(t.Context(), h.by(""), "todo", storage.Document(`{"identifier":"`+id+`","a":2}`)); err != nil {
		t.Fatal(err)
	}
	c.heardDocument(11, "", `"a":1`)
	c.hears(`{"eventType":13,"colName":"todo","identifier":"` + id + `"}`)
	c.heardDocument(11, "", `"a":2`)
}

func TestDocumentsAreForReaders(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.SocketAPIKey = "the key" }))
	nobody, bad := h.connect(), h.as("nobody-0123456789abcdef")
	reader := h.as(h.token("reader", "api:*:read"))
	other := h.as(h.token("other", "api:entries:read"))
	admin := h.as(h.token("admin", "api:*:admin,read"))
	trusted := h.connect("users-api-key: the key")
	h.insert("", "todo", `{"a":1}`)
	h.insert("", "settings", `{"date":1700000000000,"app":"x"}`) // a private collection
	for _, c := range []*testClient{reader, admin, trusted} {
		c.heardDocument(11, "", `"a":1`)
	}
	for _, c := range []*testClient{admin, trusted} {
		if _, got := c.frame(); !strings.HasPrefix(got, `{"eventType":11,"colName":"settings","doc":{`) {
			t.Error(got)
		}
	}
	everybodyHears(nobody, bad, reader, other, admin, trusted)
	h.remove(security.Roles, "reader") // rights are judged for each event
	h.insert("", "todo", `{"a":2}`)
	admin.heardDocument(11, "", `"a":2`)
	everybodyHears(nobody, reader)
}

func TestDocumentEventsCanBeSwitchedOff(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.DocumentEvents, c.SocketAPIKey = false, "the key" }))
	c := h.connect("users-api-key: the key")
	h.insert("", "todo", `{"a":1}`)
	everybodyHears(c)
}

func TestUnknownMessagesAreNotTold(t *testing.T) {
	for _, change := range []storage.Change{
		{Kind: storage.Tell, Collection: "other:channel", After: `{"message":1}`},
		{Kind: storage.Tell, Collection: storage.AccountEvents, After: `{"event":"promoted","username":"anna"}`},
		{Kind: storage.Tell, Collection: storage.AccountEvents, After: `{}`},
	} {
		if f := encode(change); f != nil {
			t.Errorf("%v: %s", change, f)
		}
	}
}

// Tokens end, by time or with their subject: the client is to come back as who it is then.
func TestTokenEnds(t *testing.T) {
	h := newHouse(t, configured(nil))
	token := h.token("anna", "api:*:read")
	issued, err := h.guard.Exchange(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	byToken, byJWT, nobody := h.as(token), h.raw(handshake("/?api_token="+issued.Token, "Origin: localhost")), h.connect()
	byJWT.reads(accepted())
	everybodyHears(nobody, byToken, byJWT)
	h.remove(security.Subjects, "anna")
	for _, c := range []*testClient{byToken, byJWT} {
		if opcode, payload := c.frame(); opcode != 0x88 || !strings.HasPrefix(payload, "\x03\xf0") {
			t.Errorf("%x %q", opcode, payload)
		}
	}
	everybodyHears(nobody)
}
