package users

import (
	"strings"
	"testing"

	"nightwire/storage"
)

// The conversation is the original's, with its errors (spec §4).
func TestMetaAsRecorded(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.OpenMeta = true }))
	h.token("root")
	c := h.connect()
	ask := func(rest, answer string) {
		t.Helper()
		c.asks(`{"eventType":9`+rest+`}`, answer)
	}
	root := `,"username":"root"`
	ask(root, `{"eventType":9,"val":{}}`)
	ask(root+`,"property":"nope"`, `{"eventType":9}`)
	ask(root+`,"property":"colour","val":"red"`, `{"eventType":9,"val":"red"}`)
	ask(root+`,"property":"colour"`, `{"eventType":9,"val":"red"}`)
	ask(root+`,"property":"n","val":null`, `{"eventType":9,"val":null}`)
	ask(root+`,"property":"f","val":false`, `{"eventType":9,"val":false}`)
	ask(root+`,"property":"o","val":{"a":1.50}`, `{"eventType":9,"val":{"a":1.5}}`)
	ask(root+`,"property":"o.b","val":2`, `{"eventType":9,"val":2}`)
	ask(root+`,"property":"o.b"`, `{"eventType":9}`)
	ask(root+`,"property":"n"`, `{"eventType":9,"val":null}`)
	ask(root, `{"eventType":9,"val":{"colour":"red","n":null,"f":false,"o":{"a":1.5,"b":2}}}`)
	ask(root+`,"val":{"sister":"sam","brother":"mat"}`, `{"eventType":9,"val":{"sister":"sam","brother":"mat"}}`)
	for _, falsy := range []string{`null`, `false`, `0`, `""`} {
		ask(root+`,"val":`+falsy, `{"eventType":9,"val":{"sister":"sam","brother":"mat"}}`)
	}
	ask(root+`,"val":{}`, `{"eventType":9,"val":{}}`)
	ask(root+`,"property":"","val":{"k":1}`, `{"eventType":9,"val":{"k":1}}`)
	ask(root+`,"property":5,"val":true`, `{"eventType":9,"val":true}`)
	ask(root+`,"property":"k","id":5`, `{"eventType":9,"val":1}`)
	ask(`,"username":" root\t"`, `{"eventType":9,"val":{"5":true,"k":1}}`)
	ask(`,"username":["root"],"property":"k"`, `{"eventType":9,"val":1}`)
	for _, none := range []string{``, `,"username":""`, `,"username":null`, `,"username":"  "`, `,"username":[]`} {
		ask(none, `{"error":"Error: Please enter a valid username","eventType":9}`)
	}
	for _, bad := range []string{`"a b"`, `{}`, `"ä"`, `"a@b"`, `"root!"`} {
		ask(`,"username":`+bad, `{"error":"Error: Please only use alpha numeric characters for your username","eventType":9}`)
	}
	ask(`,"username":"ROOT"`, `{"error":"Could not find user ROOT","eventType":9}`)
	ask(`,"username":5`, `{"error":"Could not find user 5","eventType":9}`)
	ask(`,"username":" no ","property":"x","val":1`, `{"error":"Could not find user  no ","eventType":9}`)
	ask(`,"username":"root@host.com"`, `{"error":"Could not find user root@host.com","eventType":9}`)
	c.asks(`{"eventType":"9"`+root+`,"property":"k"}`, `{"eventType":"9","val":1}`)
	c.asks(`{"eventType":9.0}`, `{"error":"Error: Please enter a valid username","eventType":9}`)
}

func TestMetaIsForTheSubjectItself(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.SocketAPIKey = "the key" }))
	anna := h.as(h.token("anna", "api:*:read"))
	admin := h.connect("Authorization: Bearer " + h.token("admin", "admin:api:subjects:update"))
	trusted := h.connect("users-api-key: the key")
	nobody := h.connect()
	const forbidden = `{"error":"You do not have permission to make this request","eventType":9}`
	for _, c := range []*testClient{anna, admin, trusted} {
		c.asks(`{"eventType":9,"username":"anna","property":"a","val":1}`, `{"eventType":9,"val":1}`)
		c.asks(`{"eventType":9,"username":"anna"}`, `{"eventType":9,"val":{"a":1}}`)
	}
	for _, c := range []*testClient{nobody, h.as(h.token("otto", "*:*:read"))} {
		for _, name := range []string{"anna", "unknown"} { // who exists is not told
			c.asks(`{"eventType":9,"username":"`+name+`"}`, forbidden)
			c.asks(`{"eventType":9,"username":"`+name+`","property":"a","val":2}`, forbidden)
			c.asks(`{"eventType":9,"username":"`+name+`","val":2}`, forbidden)
		}
		c.asks(`{"eventType":9}`, `{"error":"Error: Please enter a valid username","eventType":9}`)
	}
	anna.asks(`{"eventType":9,"username":"otto"}`, forbidden)
	anna.asks(`{"eventType":9,"username":"anna"}`, `{"eventType":9,"val":{"a":1}}`)
	admin.asks(`{"eventType":9,"username":"unknown"}`, `{"error":"Could not find user unknown","eventType":9}`)
}

// Subjects may have names that the original's users may not.
func TestMetaOfAnUncommonName(t *testing.T) {
	h := newHouse(t, configured(nil))
	c := h.as(h.token("web-page 1"))
	c.asks(`{"eventType":9,"username":"web-page 1","property":"a","val":1}`, `{"eventType":9,"val":1}`)
	h.connect().asks(`{"eventType":9,"username":"web-page 1"}`,
		`{"error":"Error: Please only use alpha numeric characters for your username","eventType":9}`)
}

func TestMetaThatCannotBeKept(t *testing.T) {
	h := newHouse(t, configured(nil))
	c := h.as(h.token("anna"))
	c.asks(`{"eventType":9,"username":"anna","val":"`+strings.Repeat("x", storage.MaxMeta)+`"}`,
		`{"error":"Error: Meta too large","eventType":9}`)
	c.asks(`{"eventType":9,"username":"anna","property":"a","val":1}`, `{"eventType":9,"val":1}`)
	c.says(`{"eventType":9,"username":"anna","property":"a..b","val":1}`)
	if _, got := c.frame(); !strings.HasPrefix(got, `{"error":"Error: `) || !strings.HasSuffix(got, `","eventType":9}`) {
		t.Error(got)
	}
	c.asks(`{"eventType":9,"username":"anna"}`, `{"eventType":9,"val":{"a":1}}`)
}
