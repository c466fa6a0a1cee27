// Package api is the HTTP face: the echo server, what all routes share (TLS and the redirect to it, trusted proxies, CORS,
// request ids, logs, recovery, limits), health, and the bookkeeping for a graceful stop. It owns no route of a protocol:
// api/v2 and api/v3 mount theirs, and main mounts what is not REST.
//
// Read server.go first, then api/v3.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Options of a Server.
type Options struct {
	// BasePath is the path under which everything is served, such as /night; "" or "/" for the root.
	BasePath string
	// Ready reports whether requests can be answered now; nil means yes.
	Ready func(context.Context) error
	// Proxies are believed in what they say of the client.
	Proxies Proxies
	// TLS makes the server speak HTTPS; nil for plain HTTP only. With it, plain HTTP is spoken on the same port.
	TLS *tls.Config
	// Redirect sends plain HTTP to HTTPS where that can be had.
	Redirect bool
	// CORS is the origin whose pages may call the REST API: "*" for any, "" for those of the server itself only.
	CORS string
	Log  *slog.Logger
}

// Server is the HTTP server.
type Server struct {
	Echo     *echo.Echo
	http     *http.Server
	inflight inflight
	ready    func(context.Context) error
	log      *slog.Logger
}

// New returns a server without routes but /healthz and /readyz.
func New(o Options) *Server {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = o.Proxies.ClientAddress
	s := &Server{Echo: e, ready: o.Ready, log: o.Log}
	e.HTTPErrorHandler = s.unhandled
	e.Pre(foldPrefix)
	e.Use(s.trace, middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: s.panicked}))
	if o.CORS != "" {
		e.Use(cors(o.CORS))
	}
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", s.readyz)
	h := underPath(strings.TrimRight(o.BasePath, "/"), e)
	if o.Redirect {
		h = o.redirect(h)
	}
	s.http = &http.Server{
		Handler:           h,
		TLSConfig:         o.TLS,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		WriteTimeout:      3 * time.Minute, // sockets have their own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve answers requests until Shutdown, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if s.http.TLSConfig != nil {
		l = newMixedListener(l, s.http.TLSConfig, s.http.ReadHeaderTimeout)
	}
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown refuses new work, waits for the answers under way, calls cut (which ends long-lived connections) and returns
// when all connections are closed or ctx ends.
func (s *Server) Shutdown(ctx context.Context, cut func()) error {
	done := make(chan error, 1)
	go func() { done <- s.http.Shutdown(ctx) }()
	s.inflight.wait(ctx)
	cut()
	if err := <-done; err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

// underPath serves h below the path, sends who asks for the path itself there, and answers 404 elsewhere.
func underPath(path string, h http.Handler) http.Handler {
	if path == "" {
		return h
	}
	below := http.StripPrefix(path, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path { // the page's links are relative to the path with a slash
			http.Redirect(w, r, path+"/", http.StatusPermanentRedirect)
			return
		}
		below.ServeHTTP(w, r)
	})
}

// foldPrefix lets the paths of the APIs begin in any case, as the original's routes do.
func foldPrefix(next echo.HandlerFunc) echo.HandlerFunc {
	const length = len("/api/v3")
	return func(c echo.Context) error {
		u := c.Request().URL
		if len(u.Path) >= length && strings.EqualFold(u.Path[:len("/api/v")], "/api/v") {
			u.Path = strings.ToLower(u.Path[:length]) + u.Path[length:]
			if len(u.RawPath) >= length {
				u.RawPath = strings.ToLower(u.RawPath[:length]) + u.RawPath[length:]
			}
		}
		return next(c)
	}
}

func (s *Server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*time.Second)
	defer cancel()
	if s.ready != nil {
		if err := s.ready(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			return c.String(http.StatusServiceUnavailable, "not ready\n")
		}
	}
	return c.String(http.StatusOK, "ready\n")
}

// unhandled answers what no route did: unknown paths and errors that a route returned instead of answering.
func (s *Server) unhandled(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var he *echo.HTTPError
	if errors.As(err, &he) && he.Code < 500 {
		_ = c.JSON(he.Code, map[string]any{"status": he.Code, "message": http.StatusText(he.Code)})
		return
	}
	s.log.Error("request failed", "request", RequestID(c), "method", c.Request().Method, "path", LoggedPath(c), "error", err)
	_ = c.JSON(http.StatusInternalServerError, map[string]any{"status": 500, "message": "Internal Server Error"})
}

func (s *Server) panicked(c echo.Context, err error, stack []byte) error {
	s.log.Error("panic in a handler", "request", RequestID(c), "path", LoggedPath(c), "error", err, "stack", string(stack))
	return err
}
