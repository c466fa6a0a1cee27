package daptin

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nightwire/security"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestWhoMayConnect(t *testing.T) {
	h := newHouse(t, Options{Origins: []string{"https://app.example"}})
	token := h.token("alice", "api:*:*")
	issued, err := h.guard.Exchange(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	cookie, own := "token="+token, h.web.URL
	for name, c := range map[string]struct {
		query    string
		header   http.Header
		admitted bool
	}{
		"nothing":                       {"", nil, false},
		"query":                         {"?token=" + token, nil, true},
		"query, JWT":                    {"?token=" + issued.Token, nil, true},
		"bad query":                     {"?token=garbage", nil, false},
		"bad JWT":                       {"?token=" + issued.Token + "x", nil, false},
		"header":                        {"", header("Authorization", "bEARER "+token), true},
		"header, JWT":                   {"", header("Authorization", "Bearer "+issued.Token), true},
		"header comes first":            {"?token=" + token, header("Authorization", "Bearer garbage"), false},
		"header of another scheme":      {"?token=" + token, header("Authorization", "Basic junk"), true},
		"header of three parts":         {"?token=" + token, header("Authorization", "Bearer a b"), true},
		"header without a token":        {"?token=" + token, header("Authorization", "Bearer "), true},
		"query comes before the cookie": {"?token=garbage", header("Cookie", cookie), false},
		"cookie, no Origin":             {"", header("Cookie", cookie), true},
		"cookie, own page":              {"", header("Cookie", cookie, "Origin", own), true},
		"cookie, listed page":           {"", header("Cookie", cookie, "Origin", "https://APP.example"), true},
		"cookie, listed page, no TLS":   {"", header("Cookie", cookie, "Origin", "http://app.example"), false},
		"cookie, foreign page":          {"", header("Cookie", cookie, "Origin", "https://evil.example"), false},
		"cookie, page of another port":  {"", header("Cookie", cookie, "Origin", "http://127.0.0.1:1"), false},
		"cookie, page of no origin":     {"", header("Cookie", cookie, "Origin", "null"), false},
		"cookie, broken Origin":         {"", header("Cookie", cookie, "Origin", "not a url"), false},
		"token from a foreign page":     {"?token=" + token, header("Origin", "https://evil.example"), true},
		"foreign page with both":        {"?token=" + token, header("Cookie", cookie, "Origin", "https://evil.example"), true},
	} {
		t.Run(name, func(t *testing.T) {
			at := h.dial(c.query, c.header)
			at.t = t
			if c.admitted {
				at.settled()
				return
			}
			at.want("unauthorized")
			if code := at.ended(); code != 1008 {
				t.Errorf("closed with %d", code)
			}
		})
	}
}

func TestStrangersAreToldInTheirDialect(t *testing.T) {
	for query, want := range map[string]string{
		"":                `unauthorized`,
		"?protocol=doc":   `unauthorized`,
		"?v=1":            `unauthorized`,
		"?protocol=typed": `{"message": "unauthorized"}`,
		"?v=2":            `{"message": "unauthorized"}`,
		"?protocol=other": `unauthorized`,
	} {
		newHouse(t, Options{}).dial(query, nil).want(want)
	}
	newHouse(t, Options{Protocol: Typed}).dial("", nil).want(`{"message": "unauthorized"}`)
	newHouse(t, Options{Protocol: Typed}).dial("?v=1", nil).want(`unauthorized`)
}

// Everybody's roles do not admit who shows nothing.
func TestDefaultRolesAreNoToken(t *testing.T) {
	h := newHouse(t, Options{})
	guard, err := security.NewGuard(security.Options{
		Accounts: nobody{}, APISecret: "0123456789abcdef", JWTKey: make([]byte, 64), DefaultRoles: []string{"admin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.server.options.Guard = guard
	h.dial("", nil).want("unauthorized")
}

// nobody is accounts without any.
type nobody struct{ security.Accounts }

func (nobody) List(context.Context, security.AccountKind) ([]security.Record, error) { return nil, nil }

func TestHandshake(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	for _, path := range []string{"/live", "/live?token=" + token} {
		if status, body := h.get(path); status != 400 || body != "not websocket protocol" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	dial := func(offered ...string) *http.Response {
		dialer := websocket.Dialer{Subprotocols: offered, EnableCompression: true}
		ws, answer, err := dialer.Dial(h.url("?token="+token), nil)
		if err == nil {
			ws.Close()
		}
		return answer
	}
	if answer := dial("foo"); answer.StatusCode != 101 || answer.Header.Get("Sec-WebSocket-Protocol") != "foo" {
		t.Errorf("one subprotocol: %v", answer)
	}
	if answer := dial("foo", "bar"); answer.StatusCode != 400 || answer.ContentLength > 0 {
		t.Errorf("two subprotocols: %v", answer)
	}
	answer := dial()
	for _, name := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
		if _, there := answer.Header[http.CanonicalHeaderKey(name)]; there {
			t.Errorf("unasked for: %v", answer.Header)
		}
	}
}

func TestRevokedTokens(t *testing.T) {
	h := newHouse(t, Options{})
	alice, bob := h.token("alice", "api:*:*"), h.token("bob", "api:*:*")
	issued, err := h.guard.Exchange(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	gone, too, stays := h.connect(alice), h.connect(issued.Token, "&protocol=doc"), h.connect(bob)
	stays.send(subscribe("todo"))
	for _, c := range []*client{gone, too, stays} {
		c.settled()
	}
	h.remove(security.Subjects, "alice")
	for _, c := range []*client{gone, too} {
		if code := c.ended(); code != 1008 {
			t.Errorf("closed with %d", code)
		}
	}
	stays.settled()
}

func TestExpiredJWT(t *testing.T) {
	past := -8*time.Hour + 2*time.Second // as late as that tokens are issued
	h := newHouse(t, Options{})
	issuer, err := security.NewGuard(security.Options{
		Accounts: h.accounts(), APISecret: "0123456789abcdef", JWTKey: jwtKey,
		Now: func() time.Time { return time.Now().Add(past) },
	})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := issuer.Exchange(t.Context(), h.token("alice", "api:*:*"))
	if err != nil {
		t.Fatal(err)
	}
	c := h.connect(issued.Token)
	c.settled()
	if code := c.ended(); code != 1008 {
		t.Errorf("closed with %d", code)
	}
	h.dial("?token="+issued.Token, nil).want("unauthorized")
}

// A right that is lost ends the events, and brings them back with it; the connection stays.
func TestRightsAreJudgedForEachEvent(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.connect(h.token("alice", "api:todo:read"))
	c.send(subscribe("todo"), subscribe("document"))
	c.settled()
	h.insert("document", `{}`) // which may not be subscribed to
	h.remove(security.Roles, "alice")
	h.insert("todo", `{"title":"secret"}`)
	c.settled()
	h.role("alice", "api:*:read")
	id := h.insert("todo", `{}`)
	if got := timeless(c.next()); got != event("database", "create", "todo", `{"__type":"todo","count":null,"created_at":"TIME","done":null,`+
		`"permission":2097151,"reference_id":"`+id+`","title":null,"updated_at":null,"user_account_id":null,"version":1}`) {
		t.Errorf("heard %s", got)
	}
	h.insert("document", `{}`)
	c.settled()
}

func TestOversizeAndBrokenMessages(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	large := make([]byte, 1<<20+1)
	for i := range large {
		large[i] = ' '
	}
	for code, send := range map[int]func(*client){
		1009: func(c *client) { c.send(string(large)) },
		1007: func(c *client) { c.send("\xff") },
	} {
		c := h.connect(token)
		send(c)
		if got := c.ended(); got != code {
			t.Errorf("closed with %d, want %d", got, code)
		}
	}
	c := h.connect(token)
	if err := c.ws.WriteMessage(websocket.BinaryMessage, []byte(listTopics)); err != nil {
		t.Fatal(err)
	}
	c.next()
	c.settled()
}

func TestServerThatStops(t *testing.T) {
	h := newHouse(t, Options{})
	c, stranger := h.connect(h.token("alice", "api:*:*")), h.dial("", nil)
	c.settled()
	stranger.ended()
	h.stop()
	if code := c.ended(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if n := h.server.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	_, answer, err := websocket.DefaultDialer.Dial(h.url(""), nil)
	if err == nil || answer == nil || answer.StatusCode != 503 {
		t.Errorf("answered %v", answer)
	}
}

// A browser leaves out the port that its scheme has anyway; a Host may name it.
func TestHostsOfOrigins(t *testing.T) {
	for _, c := range []struct {
		scheme, origin, host string
		same                 bool
	}{
		{"https", "a.example", "A.example", true}, {"https", "a.example", "a.example:443", true}, {"http", "a.example:80", "a.example", true},
		{"http", "a.example", "a.example:443", false}, {"https", "a.example:8443", "a.example", false}, {"ftp", "a.example", "a.example", true},
		{"https", "a.example", "b.a.example", false}, {"https", "evil-a.example", "a.example", false},
	} {
		if got := sameHost(c.scheme, c.origin, c.host); got != c.same {
			t.Errorf("%s://%s at %s: %v", c.scheme, c.origin, c.host, got)
		}
	}
}
