package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// dial opens a WebSocket at a path of the process, in the way that a client does. The status is that of the answer.
func (p *process) dial(path string, trust *tls.Config, header http.Header) (*websocket.Conn, int, error) {
	p.t.Helper()
	scheme := "ws:"
	if trust != nil {
		scheme = "wss:"
	}
	dialer := websocket.Dialer{TLSClientConfig: trust, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := dialer.Dial(scheme+strings.TrimPrefix(p.url, "http:")+path, header)
	status := 0
	if resp != nil {
		status = resp.StatusCode
		resp.Body.Close()
	}
	if err == nil {
		p.t.Cleanup(func() { conn.Close() })
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			p.t.Fatal(err)
		}
	}
	return conn, status, err
}

// admin is the access token that the first start shows.
func (p *process) admin() string {
	return regexp.MustCompile(`admin-[0-9a-f]{16}`).FindString(p.stdout.String())
}

func (p *process) get(path string) (status int, contentType, body string) {
	p.t.Helper()
	resp, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

func TestWebsocketHasItsPath(t *testing.T) {
	for _, c := range []struct {
		env         []string
		base        string
		path        string // of the socket, for the client
		name        string // the same, as the server calls it
		elsewhere   []string
		switchedOff bool
	}{
		{nil, "", "/websocket", "/websocket", []string{"/websocket/", "/websockets", "/live/"}, false},
		{[]string{"BASE_PATH=/night"}, "/night", "/night/websocket", "/websocket", []string{"/websocket", "/night/websocket/x"}, false},
		{[]string{"WEBSOCKET_PATH=/live/ws", "BASE_PATH=/night"}, "/night", "/night/live/ws", "/live/ws", []string{"/night/websocket", "/night/ws"}, false},
		{[]string{"WEBSOCKET_ENABLED=false"}, "", "", "", []string{"/websocket"}, true},
	} {
		p := launch(t, append(c.env, "DATA_DIR="+t.TempDir(), "AUTH_FAIL_DELAY=10")...)
		const notJSON = "text/plain; charset=utf-8"
		for _, path := range c.elsewhere {
			if status, contentType, _ := p.get(path); status != 404 || contentType != notJSON {
				t.Errorf("%v: GET %s: %d %s", c.env, path, status, contentType)
			}
			for token, refusal := range map[string]int{p.admin(): 400, "nobody-0123456789abcdef": 401} {
				if c.switchedOff || !strings.HasPrefix(path, c.base) {
					refusal = 404
				}
				if _, status, err := p.dial(path+"?api_token="+token, nil, nil); err == nil || status != refusal {
					t.Errorf("%v: an upgrade at %s: %d, %v", c.env, path, status, err)
				}
			}
		}
		if !c.switchedOff {
			p.speaks(c.path, c.name)
		}
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%v: exit code %d", c.env, code)
		}
	}
}

// speaks expects the socket at the path.
func (p *process) speaks(path, name string) {
	p.t.Helper()
	want := `{"errors":[{"message":"Route ` + name + ` doesn't exist.","extensions":{"code":"ROUTE_NOT_FOUND"}}]}`
	if status, contentType, body := p.get(path); status != 404 || contentType != "application/json; charset=utf-8" || body != want {
		p.t.Errorf("GET %s: %d %s %s", path, status, contentType, body)
	}
	for _, query := range []string{"", "?api_token=nobody-0123456789abcdef"} {
		if _, status, err := p.dial(path+query, nil, nil); err == nil || status != 401 {
			p.t.Errorf("an upgrade at %s%s: %d, %v", path, query, status, err)
		}
	}
	conn, status, err := p.dial(path+"?api_token="+p.admin(), nil, nil)
	if err != nil {
		p.t.Fatalf("an upgrade at %s: %d, %v", path, status, err)
	}
	defer conn.Close() // else the end of the server would wait for its farewell
	p.asks(conn)
}

// asks expects an answer.
func (p *process) asks(conn *websocket.Conn) {
	p.t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"get","collection":"food","uid":1}`)); err != nil {
		p.t.Fatal(err)
	}
	if _, frame, err := conn.ReadMessage(); err != nil || string(frame) != `{"type":"RESPONSE","data":[],"uid":1}` {
		p.t.Fatalf("%s, %v", frame, err)
	}
}

// A stopped server says so, and a token never stands in its log.
func TestWebsocketOverTLSAndAtTheEnd(t *testing.T) {
	cert, key, trust := keyFiles(t)
	p := launch(t, "DATA_DIR="+t.TempDir(), "SSL_CERT="+cert, "SSL_KEY="+key, "LOG_LEVEL=debug")
	conn, status, err := p.dial("/websocket?api_token="+p.admin(), trust, nil)
	if err != nil {
		t.Fatal(status, err)
	}
	p.asks(conn)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _, err = conn.ReadMessage()
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != websocket.CloseGoingAway {
		t.Errorf("the socket of a stopped server: %v", err)
	}
	if log := p.stderr.String(); strings.Contains(log, p.admin()) || !strings.Contains(log, "/websocket") {
		t.Error("the log shows the token, or nothing:", log)
	}
}

// Guesses are slowed down by the address that a trusted proxy names.
func TestWebsocketBehindAProxy(t *testing.T) {
	p := launch(t, "DATA_DIR="+t.TempDir(), "AUTH_FAIL_DELAY=1500")
	guess := func(address string) time.Duration {
		began := time.Now()
		_, status, err := p.dial("/websocket?api_token=nobody-0123456789abcdef", nil, http.Header{"X-Forwarded-For": {address}})
		if err == nil || status != 401 {
			t.Errorf("a guess from %s: %d, %v", address, status, err)
		}
		return time.Since(began)
	}
	guess("203.0.113.1")
	if other, same := guess("203.0.113.2"), guess("203.0.113.1"); other > time.Second || same < time.Second {
		t.Errorf("the next guess takes %v from another address, %v from the same", other, same)
	}
}
