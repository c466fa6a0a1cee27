package public

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

func ask(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestHandlerServes(t *testing.T) {
	const script = "text/javascript; charset=utf-8"
	tests := []struct{ path, contentType, caching string }{
		{"/", "text/html; charset=utf-8", "no-cache"},
		{"/sample.html", "text/html; charset=utf-8", "no-cache"},
		{"/app.js", script, "no-cache"},
		{"/websocket.html", "text/html; charset=utf-8", "no-cache"},
		{"/websocket.js", script, "no-cache"},
		{"/live.html", "text/html; charset=utf-8", "no-cache"},
		{"/live.js", script, "no-cache"},
		{"/users.html", "text/html; charset=utf-8", "no-cache"},
		{"/users.js", script, "no-cache"},
		{"/socket.js", script, "no-cache"},
		{"/style.css", "text/css; charset=utf-8", "no-cache"},
		{"/favicon.svg", "image/svg+xml", "no-cache"},
		{"/socket.io/socket.io.js", script, "no-cache"},
		{"/socket.io/2.2.0/socket.io.js", script, "public, max-age=31536000, immutable"},
		{"/socket.io/4.8.4/LICENSE", "text/plain; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/openapi.json", "application/json; charset=utf-8", "no-cache"},
		{"/api3-docs/docs.js", script, "no-cache"},
		{"/swagger-ui/5.35.0/swagger-ui.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			res := ask(t, method, tt.path)
			h := res.Header
			if res.StatusCode != 200 || h.Get("Content-Type") != tt.contentType || h.Get("Cache-Control") != tt.caching {
				t.Errorf("%s %s: %d %q %q", method, tt.path, res.StatusCode, h.Get("Content-Type"), h.Get("Cache-Control"))
			}
			if h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s %s: security headers %v", method, tt.path, h)
			}
			body, err := io.ReadAll(res.Body)
			if empty := len(body) == 0; err != nil || empty != (method == "HEAD") {
				t.Errorf("%s %s: empty body: %v (%v)", method, tt.path, empty, err)
			}
		}
	}
}

func TestHandlerRevalidates(t *testing.T) {
	etag := ask(t, "GET", "/").Header.Get("ETag")
	if res := ask(t, "GET", "/", "If-None-Match", etag); res.StatusCode != http.StatusNotModified {
		t.Errorf("the same page again: %d, want 304", res.StatusCode)
	}
	if res := ask(t, "GET", "/app.js", "If-None-Match", etag); res.StatusCode != 200 {
		t.Errorf("another page's ETag: %d, want 200", res.StatusCode)
	}
}

func TestHandlerRefuses(t *testing.T) {
	if res := ask(t, "POST", "/"); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /: %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
	for _, path := range []string{"/handler.go", "/socket.io/", "/socket.io/2.2.0/", "/../go.mod"} {
		if res := ask(t, "GET", path); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, res.StatusCode)
		}
	}
}

// Only the page of the API's description may style elements one by one and show images that are data.
func TestPolicyOfTheDescription(t *testing.T) {
	got := ask(t, "GET", "/api3-docs/").Header.Get("Content-Security-Policy")
	if got != policy+"; style-src 'self' 'unsafe-inline'; img-src 'self' data:" || strings.Contains(policy, "unsafe") {
		t.Errorf("policy of the description: %s; of all others: %s", got, policy)
	}
}

// The redirect leads to the right place below any base path.
func TestDescriptionWithoutSlash(t *testing.T) {
	for _, base := range []string{"", "/night"} {
		w := httptest.NewRecorder()
		http.StripPrefix(base, Handler()).ServeHTTP(w, httptest.NewRequest("GET", base+"/api3-docs?x", nil))
		if got := w.Header().Get("Location"); w.Code != http.StatusMovedPermanently || got != base+"/api3-docs/" {
			t.Errorf("GET %s/api3-docs: %d to %q", base, w.Code, got)
		}
	}
}

// The pages must work without a network and under the policy: only relative addresses, no inline script or style.
func TestPagesStayAtHome(t *testing.T) {
	reference := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	inline := regexp.MustCompile(`(?i)<script>|<style|\son[a-z]+=|\sstyle=`)
	for _, name := range []string{"index.html", "sample.html", "websocket.html", "live.html", "users.html", "api3-docs/index.html"} {
		page := read(t, name)
		for _, m := range reference.FindAllStringSubmatch(page, -1) {
			if target := m[1]; target != "./" && !strings.HasPrefix(target, "#") && !served(path.Join("/", path.Dir(name), target)) {
				t.Errorf("%s refers to %q, which is not served", name, target)
			}
		}
		if found := inline.FindString(page); found != "" {
			t.Errorf("%s has inline code: %q", name, found)
		}
	}
	for _, name := range []string{"index.html", "sample.html", "websocket.html", "live.html", "users.html", "page.js", "socket.js", "app.js", "sample.js", "websocket.js", "live.js", "users.js", "style.css", "api3-docs/index.html", "api3-docs/docs.js"} {
		if regexp.MustCompile(`(?:https?:|url\()`).MatchString(read(t, name)) {
			t.Errorf("%s names an external address", name)
		}
	}
}

// The copies are the published files and nothing else lies among them.
func TestCopiesAreThePublishedOnes(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\| ([0-9a-f]{64}) \\|$")
	for _, folder := range []string{"socket.io", "swagger-ui"} {
		table := map[string]string{}
		for _, m := range row.FindAllStringSubmatch(read(t, folder+"/README.md"), -1) {
			table[folder+"/"+m[1]] = m[2]
		}
		err := fs.WalkDir(os.DirFS("."), folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || name == folder+"/README.md" {
				return err
			}
			sum := sha256.Sum256([]byte(read(t, name)))
			if got := hex.EncodeToString(sum[:]); table[name] != got {
				t.Errorf("%s has sha256 %s, the table says %q", name, got, table[name])
			}
			delete(table, name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range table {
			t.Errorf("%s is in the table, but not in the folder", name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := fs.ReadFile(Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func served(path string) bool {
	_, ok := routes[path]
	return ok || path == unslashed
}
