package api_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"nightwire/api"
)

func newTLS(t *testing.T, files api.KeyFiles) *tls.Config {
	t.Helper()
	config, err := api.NewTLS(files, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// client trusts the authority and follows no redirect.
func (a *authority) client(http2 bool) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.pool()}, ForceAttemptHTTP2: http2},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func echoSocket(e *echo.Echo) {
	e.GET("/echo", func(c echo.Context) error {
		conn, err := new(websocket.Upgrader).Upgrade(c.Response(), c.Request(), nil)
		if err != nil {
			return err
		}
		defer conn.Close()
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		return conn.WriteMessage(kind, message)
	})
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	_, url := serve(t, api.Options{TLS: newTLS(t, a.issue("server", 2))}, echoSocket)
	address := strings.TrimPrefix(url, "http://")
	for http2, want := range map[bool]int{true: 2, false: 1} {
		resp, err := a.client(http2).Get("https://" + address + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.ProtoMajor != want {
			t.Errorf("%s %s", resp.Status, resp.Proto)
		}
	}
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: a.pool()}}
	conn, _, err := dialer.Dial("wss://"+address+"/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, message, err := conn.ReadMessage(); err != nil || string(message) != "hello" {
		t.Errorf("%s, %v", message, err)
	}
	if _, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func TestBadKeyFiles(t *testing.T) {
	a := newAuthority(t)
	good, other := a.issue("good", 2), a.issue("other", 3)
	nonsense := a.write("nonsense", []byte("no PEM"))
	for name, c := range map[string]struct {
		files api.KeyFiles
		says  string
	}{
		"no key":           {api.KeyFiles{Cert: good.Cert}, "SSL_KEY: must be set"},
		"no certificate":   {api.KeyFiles{Key: good.Key}, "SSL_CERT: must be set"},
		"chain only":       {api.KeyFiles{Chain: good.Cert}, "SSL_CERT: must be set"},
		"missing file":     {api.KeyFiles{Cert: a.dir + "/none", Key: good.Key}, "SSL_CERT: open " + a.dir + "/none"},
		"missing key file": {api.KeyFiles{Cert: good.Cert, Key: a.dir + "/none"}, "SSL_KEY: open"},
		"mismatch":         {api.KeyFiles{Cert: good.Cert, Key: other.Key}, "private key does not match"},
		"no PEM":           {api.KeyFiles{Cert: nonsense, Key: good.Key}, nonsense},
		"missing chain":    {api.KeyFiles{Cert: good.Cert, Key: good.Key, Chain: a.dir + "/none"}, "SSL_CA: open"},
		"empty chain":      {api.KeyFiles{Cert: good.Cert, Key: good.Key, Chain: nonsense}, "SSL_CA: " + nonsense + ": holds no certificate"},
	} {
		if _, err := api.NewTLS(c.files, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// The chain is what SSL_CERT holds and then what only SSL_CA holds.
func TestChain(t *testing.T) {
	a := newAuthority(t)
	files := a.issue("server", 2)
	own, err := os.ReadFile(files.Cert)
	if err != nil {
		t.Fatal(err)
	}
	files.Chain = a.write("chain", append(own, a.pem...))
	cert, err := newTLS(t, files).GetCertificate(nil)
	if err != nil || len(cert.Certificate) != 2 {
		t.Errorf("%d certificates, %v", len(cert.Certificate), err)
	}
}

// A renewed certificate is used without a restart, and a broken one is not.
func TestRenewedCertificate(t *testing.T) {
	a := newAuthority(t)
	var log strings.Builder
	config, err := api.NewTLS(a.issue("server", 2), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		cert, err := config.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.SerialNumber.Int64()
	}
	if got := serial(); got != 2 {
		t.Errorf("serial %d", got)
	}
	a.write("server.crt", []byte("half of"))
	for range 2 {
		if got := serial(); got != 2 {
			t.Errorf("half a file: serial %d", got)
		}
	}
	if got := strings.Count(log.String(), "cannot be used"); got != 1 {
		t.Errorf("it is said %d times: %s", got, log.String())
	}
	files := a.issue("server", 3)
	later := time.Now().Add(time.Minute) // clocks of file systems can be coarse
	if err := os.Chtimes(files.Key, later, later); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 3 {
		t.Errorf("renewed: serial %d", got)
	}
}

// pipes is a listener whose connections are in memory, where time can be made.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// Connections that send nothing, or too slowly, are cut, and keep nobody waiting.
func TestSlowConnectionsAreCut(t *testing.T) {
	a := newAuthority(t)
	config := newTLS(t, a.issue("server", 2))
	for name, o := range map[string]api.Options{"plain": {}, "TLS": {TLS: config}} {
		for sent, first := range map[string]string{"nothing": "", "half a request": "GET / HTTP/1.1\r\nHost:", "half a handshake": "\x16\x03\x01\x02\x00"} {
			synctest.Test(t, func(t *testing.T) {
				o.Log = slog.New(slog.DiscardHandler)
				s := api.New(o)
				l := &pipes{make(chan net.Conn), make(chan struct{})}
				done := make(chan error, 1)
				go func() { done <- s.Serve(l) }()
				slow, start := l.dial(), time.Now()
				if _, err := io.WriteString(slow, first); err != nil {
					t.Fatal(err)
				}
				fast := l.dial()
				if _, err := io.WriteString(fast, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				if resp, err := http.ReadResponse(bufio.NewReader(fast), nil); err != nil || resp.StatusCode != 200 {
					t.Errorf("the fast one: %v, %v", resp, err)
				}
				fast.Close()
				if _, err := io.Copy(io.Discard, slow); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took < 5*time.Second || took > 21*time.Second {
					t.Errorf("%s, %s: cut after %v", name, sent, took)
				}
				stop(t, s)
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A stop waits for nobody who has not begun to speak.
func TestStopCutsSilentConnections(t *testing.T) {
	a := newAuthority(t)
	s, url := serve(t, api.Options{TLS: newTLS(t, a.issue("server", 2))}, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	get(t, url+"/healthz") // so that the silent one, which came before, has been accepted
	start := time.Now()
	stop(t, s)
	if took := time.Since(start); took > 5*time.Second {
		t.Error("it took", took)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Log("cut:", err) // a reset is as good
	}
}
