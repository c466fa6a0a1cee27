package users

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nightwire/realtime"
)

func TestRefusalIsAnUpgradeAndTheEnd(t *testing.T) {
	h := newHouse(t, configured(nil))
	for _, headers := range [][]string{
		{"Origin: badhost"}, {"Origin: LOCALHOST"}, {"Origin: null"}, {"Origin:"}, {}, {"Sec-WebSocket-Origin: localhost"},
	} {
		c := h.raw(handshake("/", headers...) + masked(0x81, `{"eventType":10}`))
		c.reads(accepted())
		c.ends()
		c.write(masked(0x81, `{"eventType":10}`)) // it is ignored
	}
	if n := h.server.Connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
	for _, line := range []string{
		`A connection was made by badhost but it is not on the approved domain list. ` +
			`Make sure the host is on the approvedSocketDomains parameter in the config file.`,
		"made by undefined but",
	} {
		if !strings.Contains(h.log.String(), line) {
			t.Errorf("not logged: %s", line)
		}
	}
}

func TestLongOriginsAreCutInTheLog(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "\x1b[1m\t"+strings.Repeat("x", 300)+"end")
	if got := loggedOrigin(r); got != `\x1b[1m\t`+strings.Repeat("x", maxOrigin-5)+"..." {
		t.Error(got)
	}
}

func TestManyRefusalsAreLoggedInPart(t *testing.T) {
	h := newHouse(t, configured(nil))
	for range 60 {
		c := h.raw(handshake("/"))
		c.reads(accepted())
		c.Close()
	}
	if n := strings.Count(h.log.String(), "A connection was made by"); n < 20 || n > 50 {
		t.Errorf("%d lines", n)
	}
}

// Whoever does not go away when refused is not waited for.
func TestRefusedAreCutWhenTheServerCloses(t *testing.T) {
	h := newHouse(t, configured(nil))
	c := h.raw(handshake("/"))
	c.reads(accepted())
	c.ends()
	began := time.Now()
	h.stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestApproved(t *testing.T) {
	h := newHouse(t, configured(nil))
	for _, tt := range []struct {
		path    string
		headers []string
		answer  string
	}{
		{"/", []string{"Origin: localhost"}, accepted()},
		{"/any/path?x=1", []string{"Origin: https://localhost:4200"}, accepted()},
		{"/", []string{"Origin: localhost", "Sec-WebSocket-Protocol: one, two"}, accepted("Sec-WebSocket-Protocol: one")},
		{"/", []string{"Origin: localhost", "Sec-WebSocket-Extensions: permessage-deflate"}, accepted()},
		{"/", []string{"Origin: localhost", "users-api-key: guess"}, accepted()},
		{"/", []string{"Origin: localhost", "Authorization: Bearer no-such-token"}, accepted()},
		{"/?token=no.such.token", []string{"Origin: localhost"}, accepted()},
	} {
		c := h.raw(handshake(tt.path, tt.headers...) + masked(0x81, `{"eventType":10,"message":1}`)) // not even waiting
		c.reads(tt.answer)
		c.hears(`{"eventType":10,"message":1}`)
	}
}

func TestVersions(t *testing.T) {
	h := newHouse(t, configured(nil))
	with := func(old, new string) *testClient {
		return h.raw(strings.Replace(handshake("/", "Origin: localhost"), old, new, 1))
	}
	c := with("Version: 13", "Version: 8")
	c.reads(accepted())
	c.hearsNothing()
	const bad = "HTTP/1.1 400 Bad Request\r\nContent-type: text/html\r\n\r\n"
	for _, tt := range [][2]string{
		{"Version: 13", "Version: 7"}, {"Version: 13", "Version: 14"}, {"Sec-WebSocket-Version: 13\r\n", ""},
		{"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""}, {"dGhlIHNhbXBsZSBub25jZQ==", "dGhl"}, {"GET", "POST"},
	} {
		c := with(tt[0], tt[1])
		c.reads(bad)
		c.ends()
	}
}

func TestPlainRequests(t *testing.T) {
	h := newHouse(t, configured(nil))
	answer, err := http.Get(h.web.URL + "/x")
	check(t, answer, err, 426, "text/plain", "Upgrade Required")
	h = openHouse(t, configured(nil), httptest.NewTLSServer, func(j realtime.Journal) realtime.Journal { return j })
	answer, err = h.web.Client().Get(h.web.URL)
	check(t, answer, err, 200, "", "All glory to WebSockets!\n")
}

func check(t *testing.T, answer *http.Response, err error, status int, kind, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status || answer.Header.Get("Content-Type") != kind || string(text) != body {
		t.Errorf("%v %d %q %q", err, answer.StatusCode, answer.Header.Get("Content-Type"), text)
	}
}

func TestKey(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.SocketAPIKey = "the key" }))
	for _, origin := range []string{"Origin: badhost", "X: y", "Origin: localhost"} {
		c := h.raw(handshake("/", "users-api-key: the key", origin))
		c.reads(accepted())
		c.asks(`{"eventType":9,"username":"nobody"}`, `{"error":"Could not find user nobody","eventType":9}`)
	}
	for _, key := range []string{"", "the ke", "the key2"} {
		c := h.raw(handshake("/", "users-api-key: "+key, "Origin: badhost"))
		c.reads(accepted())
		c.ends()
	}
	h = newHouse(t, configured(nil))
	c := h.raw(handshake("/", "users-api-key:"))
	c.reads(accepted())
	c.ends()
}

func TestNobodyIsApprovedByDefault(t *testing.T) {
	h := newHouse(t, Options{})
	c := h.raw(handshake("/", "Origin: http://localhost"))
	c.reads(accepted())
	c.ends()
	if _, err := New(Options{Config: Config{ApprovedSocketDomains: []string{"("}}}); err == nil {
		t.Error("takes a bad pattern")
	}
}

func TestEnds(t *testing.T) {
	h := newHouse(t, configured(nil))
	for frame, answer := range map[string]string{
		masked(0x88, "\x03\xe8"):    "\x88\x02\x03\xe8",
		masked(0x88, ""):            "\x88\x02\x03\xe8",
		masked(0x88, "\x0f\xa0bye"): "\x88\x05\x0f\xa0bye",
		masked(0x83, "x"):           "\x88\x10\x03\xeaprotocol error",
	} {
		c := h.connect()
		c.write(frame)
		c.reads(answer)
		c.Close()
	}
	c := h.connect()
	c.write(masked(0x89, "payload") + masked(0x8a, "unasked"))
	c.reads("\x8a\x07payload")
	go h.stop()
	c.reads("\x88\x02\x03\xe9")
	c.write(masked(0x88, "\x03\xe9"))
	c.ends()
}
