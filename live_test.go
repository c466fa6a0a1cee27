package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// publish sends a message over HTTP.
func (p *process) publish(base, token, body string) (status int, contentType, answer string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.url+base+publishPath+"?token="+token, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
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

// listen opens the socket at the path, creates a topic and hears it.
func (p *process) listen(path string, trust *tls.Config) *websocket.Conn {
	p.t.Helper()
	conn, status, err := p.dial(path+"?token="+p.admin(), trust, nil)
	if err != nil {
		p.t.Fatalf("an upgrade at %s: %d, %v", path, status, err)
	}
	for _, request := range []string{`{"method":"create-topic","attributes":{"name":"room"}}`, `{"method":"subscribe","attributes":{"topic":"room"}}`, `{"method":"list-topic"}`} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(request)); err != nil {
			p.t.Fatal(err)
		}
	}
	if _, frame, err := conn.ReadMessage(); err != nil || !strings.HasPrefix(string(frame), `{"MessageSource":"system","EventType":"response","ObjectType":"topic-list"`) {
		p.t.Fatalf("%s, %v", frame, err)
	}
	return conn
}

func TestLiveHasItsPath(t *testing.T) {
	for _, c := range []struct {
		env         []string
		base, path  string
		elsewhere   []string
		switchedOff bool
	}{
		{nil, "", "/live", []string{"/live/", "/action", "/action/world", publishPath + "/", "/action/world/signin"}, false},
		{[]string{"BASE_PATH=/night"}, "/night", "/night/live", []string{"/live", "/night/live/x", publishPath}, false},
		{[]string{"LIVE_PATH=daptin/live"}, "", "/daptin/live", []string{"/live", "/daptin"}, false},
		{[]string{"LIVE_ENABLED=false"}, "", "/live", []string{"/live", publishPath}, true},
	} {
		p := launch(t, append(c.env, "DATA_DIR="+t.TempDir(), "AUTH_FAIL_DELAY=10")...)
		for _, path := range c.elsewhere {
			if status, _, body := p.get(path); status != 404 {
				t.Errorf("%v: GET %s: %d %s", c.env, path, status, body)
			}
		}
		if c.switchedOff {
			if status, _, _ := p.publish(c.base, p.admin(), "{}"); status != 404 && status != 405 {
				t.Errorf("%v: a message over HTTP: %d", c.env, status)
			}
		} else {
			p.livesAt(c.base, c.path)
		}
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%v: exit code %d", c.env, code)
		}
	}
}

// livesAt expects the socket at the path, and that it hears what is published over HTTP.
func (p *process) livesAt(base, path string) {
	p.t.Helper()
	if status, _, body := p.get(path); status != 400 || body != "not websocket protocol" {
		p.t.Errorf("GET %s: %d %s", path, status, body)
	}
	conn := p.listen(path, nil)
	defer conn.Close()
	status, contentType, answer := p.publish(base, p.admin(), `{"attributes":{"topicName":"room","message":{"n":1}}}`)
	if status != 200 || contentType != "application/json; charset=utf-8" || !strings.Contains(answer, `"ResponseType":"publish_to_topic"`) {
		p.t.Errorf("%d %s %s", status, contentType, answer)
	}
	if _, frame, err := conn.ReadMessage(); err != nil || !strings.HasSuffix(string(frame), `"EventType":"new-message","ObjectType":"room","EventData":{"n":1}}`) {
		p.t.Errorf("%s, %v", frame, err)
	}
	if status, _, _ := p.publish(base, "nobody-0123456789abcdef", "{}"); status != 401 {
		p.t.Errorf("a stranger's message over HTTP: %d", status)
	}
}

// A stopped server says so, and a token never stands in its log.
func TestLiveOverTLSAndAtTheEnd(t *testing.T) {
	cert, key, trust := keyFiles(t)
	p := launch(t, "DATA_DIR="+t.TempDir(), "SSL_CERT="+cert, "SSL_KEY="+key, "LOG_LEVEL=debug", "INSECURE_USE_HTTP=true", "AUTH_FAIL_DELAY=10")
	conn := p.listen("/live", trust)
	p.publish("", p.admin(), `{"attributes":{"topicName":"nowhere","message":{"n":1}}}`)
	stranger, status, err := p.dial("/live?token=nobody-0123456789abcdef", nil, nil)
	if err != nil {
		t.Fatal(status, err)
	}
	if _, frame, err := stranger.ReadMessage(); err != nil || string(frame) != "unauthorized" {
		t.Errorf("%s, %v", frame, err)
	}
	if _, _, err := stranger.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Error("a stranger stays:", err)
	}
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
	log := p.stderr.String()
	if strings.Contains(log, p.admin()) || strings.Contains(log, "nobody-0123456789abcdef") || !strings.Contains(log, "/live") || !strings.Contains(log, publishPath) {
		t.Error("the log shows a token, or nothing:", log)
	}
}

// Guesses are slowed down by the address that a trusted proxy names.
func TestLiveBehindAProxy(t *testing.T) {
	p := launch(t, "DATA_DIR="+t.TempDir(), "AUTH_FAIL_DELAY=1500")
	guess := func(address string) time.Duration {
		began := time.Now()
		conn, status, err := p.dial("/live?token=nobody-0123456789abcdef", nil, http.Header{"X-Forwarded-For": {address}})
		if err != nil {
			t.Fatalf("a guess from %s: %d, %v", address, status, err)
		}
		conn.Close()
		return time.Since(began)
	}
	guess("203.0.113.1")
	if other, same := guess("203.0.113.2"), guess("203.0.113.1"); other > time.Second || same < time.Second {
		t.Errorf("the next guess takes %v from another address, %v from the same", other, same)
	}
}
