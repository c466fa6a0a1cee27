package api

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

const requestIDKey = "request-id"

// RequestID is the id of the request in the logs and in the answer's X-Request-Id.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// LoggedPath is the request's path as it may be logged: without query and without the token of the token exchange, which
// may also stand in a path that misses the exchange, by a doubled slash for example.
func LoggedPath(c echo.Context) string {
	path := c.Request().URL.Path
	if exchange := exchangePath.FindStringIndex(path); exchange != nil {
		return path[:exchange[1]] + "/..."
	}
	return path
}

var exchangePath = regexp.MustCompile(`(?is)authorization.*?request`)

// trace gives each request an id, counts REST requests for the graceful stop and logs at level debug.
func (s *Server) trace(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := uuid.NewString()
		c.Set(requestIDKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		if strings.HasPrefix(c.Request().URL.Path, "/api/") {
			s.inflight.enter()
			defer s.inflight.leave()
		}
		start := time.Now()
		err := next(c)
		ctx := c.Request().Context()
		if s.log.Enabled(ctx, slog.LevelDebug) {
			s.log.DebugContext(ctx, "request", "request", id, "method", c.Request().Method, "path", LoggedPath(c),
				"status", c.Response().Status, "duration", time.Since(start))
		}
		return err
	}
}

// inflight counts requests under way. Unlike a WaitGroup it may be entered while somebody waits.
type inflight struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n falls to zero; nil while nobody waits
}

func (f *inflight) enter() {
	f.mu.Lock()
	f.n++
	f.mu.Unlock()
}

func (f *inflight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n--; f.n == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}

// wait returns when no request is under way or ctx ends.
func (f *inflight) wait(ctx context.Context) {
	f.mu.Lock()
	if f.n == 0 {
		f.mu.Unlock()
		return
	}
	if f.idle == nil {
		f.idle = make(chan struct{})
	}
	idle := f.idle
	f.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
