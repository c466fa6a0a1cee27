package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// keyFiles writes a certificate for 127.0.0.1 and its key to files, and returns who trusts it.
func keyFiles(t *testing.T) (cert, key string, trust *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler()) // it brings a certificate
	defer s.Close()
	pair := s.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return write("cert.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "PRIVATE KEY", der), &tls.Config{RootCAs: pool}
}

// A write over HTTPS is heard over wss, and the greeting says https.
func TestHTTPS(t *testing.T) {
	cert, key, trust := keyFiles(t)
	p := launch(t, "DATA_DIR="+t.TempDir(), "SSL_CERT="+cert, "SSL_KEY="+key)
	address := strings.TrimPrefix(p.url, "http://")
	greeting := p.stdout.String()
	curl := regexp.MustCompile(`(?m)^  (curl .*)$`).FindStringSubmatch(greeting)
	if curl == nil || !strings.Contains(greeting, "https://"+address+"/\n") || !strings.Contains(curl[1], "https://"+address+"/api/v3/entries") {
		t.Fatal(greeting)
	}
	dialer := websocket.Dialer{TLSClientConfig: trust, HandshakeTimeout: 10 * time.Second}
	conn, _, err := dialer.Dial("wss://"+address+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	expect := func(begin string) {
		t.Helper()
		if _, packet, err := conn.ReadMessage(); err != nil || !strings.HasPrefix(string(packet), begin) {
			t.Fatalf("%s, %v; want %s", packet, err, begin)
		}
	}
	send := func(packet string) {
		t.Helper()
		if err := conn.WriteMessage(websocket.TextMessage, []byte(packet)); err != nil {
			t.Fatal(err)
		}
	}
	expect("0{")
	send("40/storage,")
	expect(`40/storage,{"sid":`)
	send(`42/storage,0["subscribe",{"accessToken":"` + regexp.MustCompile(`admin-[0-9a-f]{16}`).FindString(greeting) + `"}]`)
	expect(`43/storage,0[{"success":true`)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}}
	req, err := http.NewRequest("POST", "https://"+address+"/api/v3/entries", strings.NewReader(`{"date":1700000000000,"app":"test","device":"x","type":"sgv","sgv":1}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", regexp.MustCompile(`Bearer [^']*`).FindString(curl[1]))
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 201 || resp.ProtoMajor != 2 {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
	expect(`42/storage,["create",{"colName":"entries",`)
	if _, err := exec.LookPath("curl"); err == nil {
		if out, err := exec.Command("sh", "-c", curl[1]).Output(); err != nil || !strings.HasPrefix(string(out), `{"status":201,`) {
			t.Errorf("%s: %s, %v", curl[1], out, err)
		}
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(p.stderr.String(), "https://"+address) {
		t.Error("the log shows another address:", p.stderr.String())
	}
}

func TestRefusesToStartWithHalfOfTLS(t *testing.T) {
	cert, key, _ := keyFiles(t)
	for says, env := range map[string][]string{
		"SSL_KEY: must be set":  {"SSL_CERT=" + cert},
		"SSL_CERT: must be set": {"SSL_KEY=" + key},
		"no pair":               {"SSL_CERT=" + cert, "SSL_KEY=" + cert},
		"SSL_CA: open":          {"SSL_CERT=" + cert, "SSL_KEY=" + key, "SSL_CA=" + key + ".none"},
	} {
		out, err := command(t, append(env, "DATA_DIR="+t.TempDir(), "PORT=0")...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%s: %v, %s", env, err, out)
		}
	}
}

// A proxy's word that its client used plain HTTP makes a redirect where others than this machine can reach the server.
func TestRedirectToHTTPS(t *testing.T) {
	direct := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		path string
		want int
		env  []string
	}{
		{"/api/v3/version", 307, []string{"HOSTNAME=0.0.0.0"}},
		{"/healthz", 200, []string{"HOSTNAME=0.0.0.0"}},
		{"/api/v3/version", 200, []string{"HOSTNAME=0.0.0.0", "INSECURE_USE_HTTP=true"}},
		{"/api/v3/version", 200, []string{"HOSTNAME=0.0.0.0", "TRUSTED_PROXIES=none"}},
		{"/api/v3/version", 200, nil},
	} {
		p := launch(t, append(c.env, "DATA_DIR="+t.TempDir())...)
		req, err := http.NewRequest("GET", p.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-Proto", "http")
		resp, err := direct.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s with %v: %s", c.path, c.env, resp.Status)
		}
		if c.want == 307 && resp.Header.Get("Location") != strings.Replace(p.url, "http:", "https:", 1)+c.path {
			t.Errorf("Location %s", resp.Header.Get("Location"))
		}
		p.end(syscall.SIGTERM)
	}
}

// The test route exists for everybody but production, and CORS where it is asked for.
func TestTestRouteAndCORS(t *testing.T) {
	for _, c := range []struct {
		env    string
		status int // of the test route without a token
		origin string
	}{
		{"NODE_ENV=test", 401, ""},
		{"NODE_ENV=production", 404, ""},
		{"ENABLE=careportal CORS", 401, "*"},
	} {
		p := launch(t, "DATA_DIR="+t.TempDir(), c.env)
		resp, err := http.Get(p.url + "/api/v3/Test/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if origin := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != c.status || origin != c.origin {
			t.Errorf("%s: %s, origin %q", c.env, resp.Status, origin)
		}
		if c.status == 401 {
			req, err := http.NewRequest("GET", p.url+"/api/v3/test", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", regexp.MustCompile(`Bearer [^']*`).FindString(p.stdout.String()))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != 200 || len(body) > 0 || resp.Header.Get("Content-Type") != "" {
				t.Errorf("%s: %s %q %v %v", c.env, resp.Status, body, resp.Header, err)
			}
		}
		p.end(syscall.SIGTERM)
	}
}
