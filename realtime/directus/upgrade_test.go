package directus

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Tokens are looked for in the three places in that order; each kind of token is taken (spec §2).
func TestUpgradeOfPrivateServer(t *testing.T) {
	h := newHouse(t, Options{})
	good := h.token("editor", "api:test:read")
	issued, err := h.guard.Exchange(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	header := func(text string) http.Header { return http.Header{"Authorization": {text}} }
	for _, c := range []struct {
		query  string
		header http.Header
		status int
	}{
		{"", nil, 401},
		{"?api_token=" + good, nil, 101},
		{"?access_token=" + good, nil, 101},
		{"?api_token=" + url.QueryEscape(issued.Token), nil, 101},
		{"?access_token=" + issued.Token, nil, 101},
		{"", header("Bearer " + good), 101},
		{"", header("bearer  " + good), 101},
		{"", header("Bearer " + issued.Token), 101},
		{"", header(good), 401},
		{"", header("Basic " + good), 401},
		{"", header("Bearer nope"), 401},
		{"?api_token=nope", nil, 401},
		{"?access_token=nope", nil, 401},
		{"?api_token=", nil, 401},
		{"?api_token=" + good, header("Bearer nope"), 101},
		{"?api_token=nope", header("Bearer " + good), 401},
		{"?access_token=nope", header("Bearer " + good), 101},
		{"?access_token=nope&api_token=" + good, nil, 101},
		{"?api_token=" + issued.Token[:len(issued.Token)-2], nil, 401},
		{"?dialect=v3&api_token=" + good, nil, 101},
		{"?dialect=V3&api_token=" + good, nil, 400},
		{"?dialect=V3", nil, 401},
		{"", http.Header{"Cookie": {"directus_session_token=" + good}}, 401},
		{"?api_token=" + good, http.Header{"Origin": {"https://elsewhere.example"}}, 101},
	} {
		if got := h.status(c.query, c.header); got != c.status {
			t.Errorf("%.40s %v: %d, want %d", c.query, c.header, got, c.status)
		}
	}
}

func TestUpgradeOfPublicServer(t *testing.T) {
	h := newHouse(t, Options{Public: true})
	good := h.token("editor", "api:test:read")
	for query, status := range map[string]int{"": 101, "?api_token=" + good: 101, "?api_token=nope": 401, "?access_token=nope": 401} {
		if got := h.status(query, nil); got != status {
			t.Errorf("%s: %d, want %d", query, got, status)
		}
	}
}

// Core's modes govern every upgrade, and look at access_token alone.
func TestUpgradeByMode(t *testing.T) {
	for mode, without := range map[Auth]int{Public: 101, Handshake: 101, Strict: 401} {
		h := newHouse(t, Options{Auth: mode})
		good := h.token("editor", "api:test:read")
		for query, status := range map[string]int{
			"": without, "?api_token=" + good: without, "?access_token=" + good: 101, "?access_token=nope": 401,
		} {
			if got := h.status(query, nil); got != status {
				t.Errorf("%s: %s: %d, want %d", mode, query, got, status)
			}
		}
		if got := h.status("", http.Header{"Authorization": {"Bearer " + good}}); got != without {
			t.Errorf("%s: header: %d", mode, got)
		}
		h.stop()
	}
}

// raw is all that the server answers to a request until it closes the TCP connection.
func (h *house) raw(request string) string {
	h.t.Helper()
	tcp, err := net.Dial("tcp", strings.TrimPrefix(h.web.URL, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer tcp.Close()
	if _, err := io.WriteString(tcp, request); err != nil {
		h.t.Fatal(err)
	}
	all, err := io.ReadAll(tcp)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(all)
}

const upgradeHeaders = " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// The refusals are byte for byte as recorded.
func TestRefusals(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("editor", "api:test:read")
	if got := h.raw("GET /websocket" + upgradeHeaders); got != "HTTP/1.1 401 Unauthorized\r\n\r\n" {
		t.Errorf("unauthenticated: %q", got)
	}
	if got := h.raw("GET /other?api_token=nope" + upgradeHeaders); got != "HTTP/1.1 401 Unauthorized\r\n\r\n" {
		t.Errorf("unauthenticated elsewhere: %q", got)
	}
	for _, path := range []string{"/websocket/", "/other"} {
		got := h.raw("GET " + path + "?api_token=" + token + upgradeHeaders)
		head, body, _ := strings.Cut(got, "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.1 400 Bad Request\r\n") || body != "Bad Request" {
			t.Errorf("%s: %q", path, got)
		}
		for _, line := range []string{"Connection: close", "Content-Type: text/html", "Content-Length: 11"} {
			if !strings.Contains(head, line) {
				t.Errorf("%s: no %s in %q", path, line, head)
			}
		}
	}
}

func TestPlainRequestIsNotFound(t *testing.T) {
	h := newHouse(t, Options{})
	tcp, err := http.Get(h.web.URL + "/websocket?x=<y>")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Body.Close()
	body, err := bufio.NewReader(tcp.Body).ReadString(0)
	want := `{"errors":[{"message":"Route /websocket doesn't exist.","extensions":{"code":"ROUTE_NOT_FOUND"}}]}`
	if tcp.StatusCode != 404 || body != want || err != io.EOF {
		t.Errorf("%d %s %v", tcp.StatusCode, body, err)
	}
}

func TestConnLimit(t *testing.T) {
	h := newHouse(t, Options{Public: true, ConnLimit: 2})
	first := h.connect("")
	h.connect("")
	if got := h.raw("GET /websocket" + upgradeHeaders); got != "HTTP/1.1 403 Forbidden\r\n\r\n" {
		t.Errorf("over the limit: %q", got)
	}
	first.ws.Close()
	for h.status("", nil) != 101 { // until the server has noticed
	}
}

// A server that stops closes its connections with 1001 and admits nobody.
func TestClose(t *testing.T) {
	h := newHouse(t, Options{Public: true})
	c := h.connect("")
	c.settled()
	done := make(chan error, 1)
	go func() { done <- h.server.Close(t.Context()) }()
	if code := c.ended(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := h.status("", nil); got != 503 {
		t.Errorf("admitted with %d", got)
	}
	if h.server.Connections() != 0 {
		t.Error("connections are left")
	}
}
