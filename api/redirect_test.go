package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nightwire/api"
)

func TestRedirect(t *testing.T) {
	a := newAuthority(t)
	config := newTLS(t, a.issue("server", 2))
	trusted := proxies(t, "loopback")
	routes := func(e *echo.Echo) { e.Any("/*", func(c echo.Context) error { return c.NoContent(200) }) }
	for name, c := range map[string]struct {
		options      api.Options
		scheme, path string
		forwarded    string
		status       int
		location     string
	}{
		"plain on the port of TLS":          {api.Options{TLS: config, Redirect: true}, "http", "/api/v3/x?a=b%20c", "", 307, "https://{host}/api/v3/x?a=b%20c"},
		"TLS":                               {api.Options{TLS: config, Redirect: true}, "https", "/x", "", 200, ""},
		"plain where it is allowed":         {api.Options{TLS: config}, "http", "/x", "", 200, ""},
		"health":                            {api.Options{TLS: config, Redirect: true}, "http", "/healthz", "", 200, ""},
		"readiness below a base path":       {api.Options{TLS: config, Redirect: true, BasePath: "/night"}, "http", "/night/readyz", "", 200, ""},
		"below a base path":                 {api.Options{TLS: config, Redirect: true, BasePath: "/night"}, "http", "/night/x", "", 307, "https://{host}/night/x"},
		"no health":                         {api.Options{TLS: config, Redirect: true}, "http", "/healthz/x", "", 307, "https://{host}/healthz/x"},
		"no TLS":                            {api.Options{Redirect: true, Proxies: trusted}, "http", "/x", "", 200, ""},
		"a proxy says http":                 {api.Options{Redirect: true, Proxies: trusted}, "http", "/x", "http", 307, "https://night.example/x"},
		"a proxy says https":                {api.Options{Redirect: true, Proxies: trusted}, "http", "/x", "https", 200, ""},
		"anybody says http":                 {api.Options{Redirect: true}, "http", "/x", "http", 200, ""},
		"a proxy says https, TLS is here":   {api.Options{TLS: config, Redirect: true, Proxies: trusted}, "http", "/x", "https", 200, ""},
		"anybody says https, TLS is here":   {api.Options{TLS: config, Redirect: true}, "http", "/x", "https", 307, "https://{host}/x"},
		"a proxy with TLS says http":        {api.Options{TLS: config, Redirect: true, Proxies: trusted}, "https", "/x", "http", 307, "https://night.example/x"},
		"another host cannot be slipped in": {api.Options{TLS: config, Redirect: true}, "http", "//evil.example/x", "", 307, "https://{host}//evil.example/x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := serve(t, c.options, routes)
			host := strings.TrimPrefix(url, "http://")
			req, err := http.NewRequest("POST", c.scheme+"://"+host+c.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(c.path, "z") {
				req.Method = "GET"
			}
			if c.forwarded != "" {
				req.Header.Set("X-Forwarded-Proto", c.forwarded)
				req.Header.Set("X-Forwarded-Host", "night.example")
			}
			resp, err := a.client(false).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if want := strings.Replace(c.location, "{host}", host, 1); resp.StatusCode != c.status || resp.Header.Get("Location") != want {
				t.Errorf("%d %q, want %d %q", resp.StatusCode, resp.Header.Get("Location"), c.status, want)
			}
		})
	}
}

// What cannot be redirected is refused, and not served.
func TestRedirectWithoutHost(t *testing.T) {
	a := newAuthority(t)
	_, url := serve(t, api.Options{TLS: newTLS(t, a.issue("server", 2)), Redirect: true}, nil)
	for _, line := range []string{"GET /x HTTP/1.0\r\n\r\n", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, line); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 400 {
			t.Errorf("%q: %s", line, resp.Status)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:0": true, "0.0.0.0:0": false, ":0": false} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := api.IsLoopback(l); got != want {
			t.Errorf("%s: %v", l.Addr(), got)
		}
		l.Close()
	}
}
