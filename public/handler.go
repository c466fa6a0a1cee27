package public

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// routes are the paths served, below the server's base path, and the file behind each. The paths of Socket.IO clients
// lie below the path of the Socket.IO engine, as Socket.IO servers have it.
var routes = map[string]string{
	"/":                                 "index.html",
	"/index.html":                       "index.html",
	"/app.js":                           "app.js",
	"/page.js":                          "page.js",
	"/live.html":                        "live.html",
	"/live.js":                          "live.js",
	"/socket.js":                        "socket.js",
	"/users.html":                       "users.html",
	"/users.js":                         "users.js",
	"/websocket.html":                   "websocket.html",
	"/websocket.js":                     "websocket.js",
	"/style.css":                        "style.css",
	"/favicon.svg":                      "favicon.svg",
	"/sample.html":                      "sample.html",
	"/sample.js":                        "sample.js",
	"/socket.io/socket.io.js":           "socket.io/4.8.4/socket.io.min.js",
	"/socket.io/socket.io.min.js":       "socket.io/4.8.4/socket.io.min.js",
	"/socket.io/4.8.4/socket.io.min.js": "socket.io/4.8.4/socket.io.min.js",
	"/socket.io/2.2.0/socket.io.js":     "socket.io/2.2.0/socket.io.js",
	"/socket.io/4.8.4/LICENSE":          "socket.io/4.8.4/LICENSE",
	"/socket.io/2.2.0/LICENSE":          "socket.io/2.2.0/LICENSE",
	"/openapi.json":                     "openapi.json",
	"/api3-docs/":                       "api3-docs/index.html",
	"/api3-docs/docs.js":                "api3-docs/docs.js",

	"/swagger-ui/5.35.0/swagger-ui-bundle.js":             "swagger-ui/5.35.0/swagger-ui-bundle.js",
	"/swagger-ui/5.35.0/swagger-ui-bundle.js.LICENSE.txt": "swagger-ui/5.35.0/swagger-ui-bundle.js.LICENSE.txt",
	"/swagger-ui/5.35.0/swagger-ui.css":                   "swagger-ui/5.35.0/swagger-ui.css",
	"/swagger-ui/5.35.0/LICENSE":                          "swagger-ui/5.35.0/LICENSE",
	"/swagger-ui/5.35.0/NOTICE":                           "swagger-ui/5.35.0/NOTICE",
}

// unslashed is the path of the API's description as Nightscout has it; the page's links are relative to the one with a
// slash.
const unslashed = "/api3-docs"

// policy keeps the pages to their own origin. Form-action and the missing 'unsafe-inline' are the second lock on "no
// token in a URL" and "no script from a document"; ws: and wss: are named because the Users event socket has a port of
// its own, and older browsers do not count them as 'self'.
const policy = "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// docsPolicy is the policy of the page that shows the API's description: Swagger UI styles elements one by one, and its
// style sheet brings images as data.
const docsPolicy = policy + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

// A page is one embedded file, ready to be sent.
type page struct {
	name   string // with the extension that decides the content type
	body   []byte
	etag   string
	kept   string // Cache-Control
	policy string
}

// Handler serves the pages to GET and HEAD; other methods are 405, other paths 404. The request's path must start
// below the server's base path (http.StripPrefix). All links in the pages are relative, so the page itself must be
// asked for with a trailing slash.
func Handler() http.Handler {
	pages := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if r.URL.Path == unslashed {
			asked, _, _ := strings.Cut(r.RequestURI, "?") // with the base path, which is not known here
			w.Header().Set("Location", asked+"/")
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		p.send(w, r)
	})
}

func (p page) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", contentType(p.name))
	h.Set("Cache-Control", p.kept)
	h.Set("ETag", p.etag)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, p.name, time.Time{}, bytes.NewReader(p.body))
}

// load reads every routed file once. A file that is missing is a broken build, found by the first test that runs.
func load() map[string]page {
	pages := make(map[string]page, len(routes))
	for path, name := range routes {
		body, err := files.ReadFile(name)
		if err != nil {
			panic("public: " + err.Error())
		}
		sum := sha256.Sum256(body)
		p := page{name: name, body: body, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, kept: caching(path), policy: policy}
		if path == "/api3-docs/" {
			p.policy = docsPolicy
		}
		pages[path] = p
	}
	return pages
}

// caching lets a path that names its version be kept for good; everything else is asked for again, cheaply, by ETag.
func caching(path string) string {
	for _, versioned := range []string{"/socket.io/2.2.0/", "/socket.io/4.8.4/", "/swagger-ui/5.35.0/"} {
		if strings.HasPrefix(path, versioned) {
			return "public, max-age=31536000, immutable"
		}
	}
	return "no-cache"
}

// contentType is decided here and not by the machine's MIME table, which differs from one to the next.
func contentType(name string) string {
	switch {
	case strings.HasSuffix(name, ".html"):
		return "text/html; charset=utf-8"
	case strings.HasSuffix(name, ".js"):
		return "text/javascript; charset=utf-8"
	case strings.HasSuffix(name, ".css"):
		return "text/css; charset=utf-8"
	case strings.HasSuffix(name, ".svg"):
		return "image/svg+xml"
	case strings.HasSuffix(name, ".json"):
		return "application/json; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}
