package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nightwire/api"
)

// serve runs a server on a free port until the test ends.
func serve(t *testing.T, o api.Options, routes func(*echo.Echo)) (s *api.Server, url string) {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s = api.New(o)
	if routes != nil {
		routes(s.Echo)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		stop(t, s)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, "http://" + l.Addr().String()
}

// stop ends the server; what it logs is complete then. It may be called twice.
func stop(t *testing.T, s *api.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx, func() {}); err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

func TestHealth(t *testing.T) {
	away := errors.New("database away")
	ready := func(context.Context) error { return away }
	_, url := serve(t, api.Options{Ready: ready}, nil)
	if status, _, h := get(t, url+"/healthz"); status != 200 || h.Get("X-Request-Id") == "" {
		t.Errorf("healthz: %d, %v", status, h)
	}
	if status, body, _ := get(t, url+"/readyz"); status != 503 || strings.Contains(body, "away") {
		t.Errorf("readyz: %d %s", status, body)
	}
	away = nil
	if status, _, _ := get(t, url+"/readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
}

func TestBasePath(t *testing.T) {
	_, url := serve(t, api.Options{BasePath: "/night"}, nil)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(url + "/night")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 308 || resp.Header.Get("Location") != "/night/" {
		t.Errorf("without slash: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	for path, want := range map[string]int{"/night/healthz": 200, "/healthz": 404, "/nightly/healthz": 404} {
		if status, _, _ := get(t, url+path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

func TestPanicIsAnswered(t *testing.T) {
	var log strings.Builder
	o := api.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	s, url := serve(t, o, func(e *echo.Echo) {
		e.GET("/api/boom", func(echo.Context) error { panic("on purpose") })
	})
	if status, body, _ := get(t, url+"/api/boom"); status != 500 || strings.Contains(body, "purpose") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := get(t, url+"/healthz"); status != 200 {
		t.Errorf("after the panic: %d", status)
	}
	stop(t, s)
	if !strings.Contains(log.String(), "on purpose") {
		t.Error("the log says nothing")
	}
}

func TestTokensAreNotLogged(t *testing.T) {
	var log strings.Builder
	o := api.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	s, url := serve(t, o, func(e *echo.Echo) {
		e.GET("/api/v2/authorization/request/:token", func(c echo.Context) error { return c.NoContent(200) })
	})
	get(t, url+"/api/v2/authorization/request/canary-0123456789abcdef")
	get(t, url+"/api/v2/Authorization/Request/canary-0123456789abcdef")
	get(t, url+"/api/x?token=canary-0123456789abcdef")
	for _, missed := range []string{"//request/", "/./request/", "/request;/", "/request%5C", "%2Frequest%2F"} {
		get(t, url+"/api/v2/authorization"+missed+"canary-0123456789abcdef")
	}
	stop(t, s)
	if strings.Contains(log.String(), "canary") {
		t.Error(log.String())
	}
	if !strings.Contains(log.String(), "/authorization/request/...") {
		t.Error("the request is not logged at all:", log.String())
	}
}

// A stop lets the request under way be answered before it cuts long-lived connections.
func TestShutdownAnswersWhatIsUnderWay(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	cut := false
	s, url := serve(t, api.Options{}, func(e *echo.Echo) {
		e.GET("/api/slow", func(c echo.Context) error {
			close(entered)
			<-release
			if cut {
				return c.NoContent(500)
			}
			return c.NoContent(204)
		})
	})
	answered := make(chan int, 1)
	go func() {
		resp, err := http.Get(url + "/api/slow")
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background(), func() { cut = true }) }()
	for { // new work is refused before the old is done
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		conn.Close()
	}
	close(release)
	if status := <-answered; status != 204 {
		t.Errorf("answered %d", status)
	}
	if err := <-stopped; err != nil || !cut {
		t.Errorf("stopped: %v, cut %v", err, cut)
	}
}

func TestPrefixInAnyCase(t *testing.T) {
	_, url := serve(t, api.Options{}, func(e *echo.Echo) {
		e.GET("/api/v3/*", func(c echo.Context) error { return c.String(200, c.Request().URL.EscapedPath()) })
	})
	for path, want := range map[string]string{"/API/V3/Entries/A%2fB": "/api/v3/Entries/A%2fB", "/Api/v3/x": "/api/v3/x"} {
		if status, body, _ := get(t, url+path); status != 200 || body != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
