package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// vacantPort is a port on which nobody listens.
func vacantPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

const approvedOrigin = "https://page.example"

// launchUsers starts a server whose Users event socket approves that origin.
func launchUsers(t *testing.T, env ...string) (p *process, port string) {
	t.Helper()
	port = vacantPort(t)
	return launch(t, append([]string{
		"USERS_PORT=" + port, "USERS_APPROVED_DOMAINS=^https://page\\.example$", "DATA_DIR=" + t.TempDir(), "AUTH_FAIL_DELAY=10",
	}, env...)...), port
}

// dialUsers connects to the Users event socket.
func dialUsers(t *testing.T, port, path, origin string, trust *tls.Config) *websocket.Conn {
	t.Helper()
	scheme := "ws"
	if trust != nil {
		scheme = "wss"
	}
	dialer := websocket.Dialer{TLSClientConfig: trust, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := dialer.Dial(scheme+"://127.0.0.1:"+port+path, http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// echoes sends an echo and expects it back.
func echoes(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	const echo = `{"eventType":10,"message":"hello"}`
	if err := conn.WriteMessage(websocket.TextMessage, []byte(echo)); err != nil {
		t.Fatal(err)
	}
	if kind, frame, err := conn.ReadMessage(); err != nil || kind != websocket.TextMessage || string(frame) != echo {
		t.Fatalf("%s, %v", frame, err)
	}
}

func TestUsersHasItsPort(t *testing.T) {
	p, port := launchUsers(t)
	echoes(t, dialUsers(t, port, "/any/path?x=1", approvedOrigin, nil))
	stranger := dialUsers(t, port, "/", "https://page.example.evil.net", nil)
	if _, frame, err := stranger.ReadMessage(); err == nil || websocket.IsCloseError(err, 1000, 1001, 1008) {
		t.Errorf("a stranger is told %s, %v", frame, err)
	}
	resp, err := http.Get("http://127.0.0.1:" + port)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Error(resp.Status)
	}
	if _, status, err := p.dial("/users", nil, http.Header{"Origin": {approvedOrigin}}); err == nil {
		t.Error("the port of the server has it too:", status)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if log := p.stderr.String(); !strings.Contains(log, "users=ws://127.0.0.1:"+port) || strings.Contains(log, "level=WARN msg=\"websocket.") {
		t.Error(log)
	}
}

func TestUsersIsOffWithoutAPort(t *testing.T) {
	file := configFile(t, published)
	for _, env := range [][]string{nil, {"USERS_APPROVED_DOMAINS=localhost"}, {"USERS_CONFIG=" + file, "USERS_PORT=0"}} {
		p := launch(t, append(env, "DATA_DIR="+t.TempDir())...)
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%v: exit code %d", env, code)
		}
		if log := p.stderr.String(); strings.Contains(log, "users=") || strings.Contains(log, "approvedSocketDomains") {
			t.Errorf("%v: %s", env, log)
		}
	}
}

// The file is taken as it was published, and every pattern that is not anchored is named in the log.
func TestUsersByFile(t *testing.T) {
	port := vacantPort(t)
	file := configFile(t, strings.Replace(published, "8080", port, 1))
	p := launch(t, "USERS_CONFIG="+file, "DATA_DIR="+t.TempDir())
	for _, origin := range []string{"http://notlocalhost.evil.com", "example.com", "https://a.b.example.com", "ws://wwwXwebinate.net:123"} {
		echoes(t, dialUsers(t, port, "", origin, nil))
	}
	p.end(syscall.SIGTERM)
	if log := p.stderr.String(); strings.Count(log, "level=WARN msg=\"websocket.approvedSocketDomains") != 3 {
		t.Error(log)
	}
}

// The other port has the certificate of the server, also the renewed one; a stopped server says so, and no credential
// stands in its log.
func TestUsersOverTLSAndAtTheEnd(t *testing.T) {
	cert, key, trust := keyFiles(t)
	const apiKey = "users-key-0123456789abcdef"
	p, port := launchUsers(t, "SSL_CERT="+cert, "SSL_KEY="+key, "INSECURE_USE_HTTP=true", "LOG_LEVEL=debug", "USERS_SOCKET_API_KEY="+apiKey)
	before := servedCertificate(t, port)
	conn := dialUsers(t, port, "/?token="+p.admin(), approvedOrigin, trust)
	echoes(t, conn)
	echoes(t, dialUsers(t, port, "/?token=nobody-0123456789abcdef", approvedOrigin, trust))
	renew(t, cert, key)
	if bytes.Equal(servedCertificate(t, port), before) {
		t.Error("the renewed certificate is not used")
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _, err := conn.ReadMessage()
	if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != websocket.CloseGoingAway {
		t.Errorf("the socket of a stopped server: %v", err)
	}
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log := p.stderr.String()
	if !strings.Contains(log, "users=wss://127.0.0.1:"+port) {
		t.Error("the log does not name the port:", log)
	}
	for _, credential := range []string{p.admin(), "nobody-0123456789abcdef", apiKey} {
		if strings.Contains(log, credential) {
			t.Error("the log shows a credential:", log)
		}
	}
}

func servedCertificate(t *testing.T, port string) []byte {
	t.Helper()
	conn, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("it speaks %s", state.NegotiatedProtocol)
	}
	return state.PeerCertificates[0].Raw
}

// renew writes another certificate and its key to the files.
func renew(t *testing.T, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: privateDER}, cert: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUsersRefusesToStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	bad := configFile(t, `{"websocket":{"port":8063,"approvedSocketDomains":["^a$","^(?!b)$"]}}`)
	for says, env := range map[string][]string{
		"cannot listen for the Users event socket: USERS_PORT: listen tcp 127.0.0.1:" + port: {"USERS_PORT=" + port},
		"USERS_PORT: must not be the port of the server":                                     {"USERS_PORT=4711", "PORT=4711"},
		"USERS_CONFIG: " + bad + `: websocket.approvedSocketDomains[1]: pattern "^(?!b)$"`:   {"USERS_CONFIG=" + bad},
		"USERS_CONFIG: open nowhere.json":                                                    {"USERS_CONFIG=nowhere.json"},
	} {
		out, err := command(t, append([]string{"PORT=0", "DATA_DIR=" + t.TempDir()}, env...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%s: %v, %s", env, err, out)
		}
	}
}
