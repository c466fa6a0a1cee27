// Package v3 is Nightscout's document REST, APIv3 (docs/spec/nightscout-v3.md §1 to §3): it reads requests, asks
// storage.Documents and writes answers. It owns the wire form: routes, headers, query strings, error texts. It judges no
// permission and changes no document.
//
// Read v3.go first, then route.go and errors.go. DEVIATIONS.md lists where the answers differ from the original's.
package v3

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"nightwire/api"
	"nightwire/security"
	"nightwire/storage"
)

// Options of the API.
type Options struct {
	Documents *storage.Documents
	Alarms    *storage.Alarms
	Guard     *security.Guard
	// MaxLimit is the largest limit of SEARCH and HISTORY, and the default (API3_MAX_LIMIT).
	MaxLimit int
	// BasePath goes before the paths in Location headers.
	BasePath string
	// Storage names the engine, StorageVersion and ServerVersion are told by VERSION and STATUS.
	Storage, StorageVersion, ServerVersion string
	// TestRoute lets /test exist.
	TestRoute bool
	Log       *slog.Logger
}

// API answers the requests under /api/v3.
type API struct{ Options }

// Mount adds the API's routes. They are one catch-all: routing is done on the escaped path, case-insensitively, and what
// is no operation is 404 (spec §0), which echo's router does not do.
func Mount(e *echo.Echo, o Options) {
	a := &API{o}
	// Answers to writes are short, and flushing one would compress it all the same.
	gzip := middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1024, Skipper: isWrite})
	e.Any("/api/v3", a.serve, refusedGzip, gzip)
	e.Any("/api/v3/*", a.serve, refusedGzip, gzip)
	for _, path := range []string{"/api/v3/swagger-ui-dist", "/api/v3/swagger-ui-dist/*"} {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, a.description)
	}
}

// description leads from where Nightscout's tutorials look for the description of the API to where it is.
func (a *API) description(c echo.Context) error {
	return c.Redirect(http.StatusTemporaryRedirect, a.BasePath+"/api3-docs")
}

func isWrite(c echo.Context) bool {
	return c.Request().Method != http.MethodGet && c.Request().Method != http.MethodHead
}

// request is one request being answered.
type request struct {
	echo.Context
	*API
	route
	who security.Identity
}

// operation answers a request whose subject is known; its error goes through the table in errors.go.
type operation func(*request) error

func (a *API) serve(c echo.Context) error {
	r := &request{Context: c, API: a}
	if err := r.perform(); err != nil {
		return r.fail(err)
	}
	return nil
}

func (r *request) perform() error {
	rt, err := parseRoute(r.Request().Method, r.Request().URL.EscapedPath(), r.named)
	if err != nil {
		return err
	}
	r.route = rt
	if !rt.public {
		if r.who, err = r.identify(); err != nil {
			return err
		}
	}
	return rt.operation(r)
}

// identify finds the subject of the bearer token (spec §1).
func (r *request) identify() (security.Identity, error) {
	if r.Guard.IsOpen() {
		return r.Guard.OpenIdentity(), nil
	}
	token, ok := bearer(r.Request().Header.Get("Authorization"))
	if !ok {
		return security.Identity{}, errNoToken
	}
	return r.Guard.Authenticate(r.ctx(), r.RealIP(), security.Credentials{JWT: token})
}

// named is the collection that a segment of a path names, in any case.
func (r *request) named(segment string) (collection string, ok bool) {
	segment = strings.ToLower(segment)
	for _, c := range r.Documents.Collections() {
		if strings.ToLower(c.Name) == segment {
			return c.Name, true
		}
	}
	return "", false
}

// asked is the request as storage.Documents wants it.
func (r *request) asked() storage.Request { return storage.Request{Who: r.who} }

// ctx is the context of the request.
func (r *request) ctx() context.Context { return r.Request().Context() }

// write answers with JSON, and with the headers that are set already.
func (r *request) write(status int, body []byte) error {
	h := r.Response().Header()
	h.Set(echo.HeaderContentType, jsonType)
	h.Set(echo.HeaderContentLength, itoa(int64(len(body))))
	r.Response().WriteHeader(status)
	_, _ = r.Response().Write(body) // fails only when the client has gone
	return nil
}

const jsonType = "application/json; charset=utf-8"

// httpDate is a time as HTTP headers show it.
func httpDate(ms int64) string { return time.UnixMilli(ms).UTC().Format(http.TimeFormat) }

// requestID names the request in the logs.
func (r *request) requestID() string { return api.RequestID(r.Context) }
