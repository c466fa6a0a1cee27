package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"nightwire/api"
)

func TestCORS(t *testing.T) {
	routes := func(e *echo.Echo) {
		e.Any("/api/*", func(c echo.Context) error { return c.NoContent(http.StatusUnauthorized) })
		e.Any("/*", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	}
	_, off := serve(t, api.Options{}, routes)
	_, any := serve(t, api.Options{CORS: "*"}, routes)
	_, one := serve(t, api.Options{CORS: "https://page.example"}, routes)
	for _, c := range []struct {
		url, method string
		preflight   bool
		status      int
		origin      string
	}{
		{off + "/api/v3/entries", "GET", false, 401, ""},
		{off + "/api/v3/entries", "OPTIONS", true, 401, ""},
		{any + "/api/v3/entries", "GET", false, 401, "*"}, // a page can read why it was refused
		{any + "/API/V3/entries", "POST", false, 401, "*"},
		{any + "/api/v3/entries", "OPTIONS", false, 401, "*"}, // no preflight
		{any + "/api/v3/entries", "OPTIONS", true, 204, "*"},
		{any + "/api/unknown", "OPTIONS", true, 204, "*"},
		{any + "/socket.io/", "GET", false, 200, ""},
		{any + "/socket.io/", "OPTIONS", true, 200, ""},
		{one + "/api/v3/entries", "GET", false, 401, "https://page.example"},
	} {
		req, err := http.NewRequest(c.method, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://page.example")
		if c.preflight {
			req.Header.Set("Access-Control-Request-Method", "PATCH")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		h := resp.Header
		if resp.StatusCode != c.status || h.Get("Access-Control-Allow-Origin") != c.origin || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%+v: %d %v", c, resp.StatusCode, h)
		}
		if c.origin != "" && !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Last-Modified") {
			t.Errorf("%+v: a page cannot read the headers: %v", c, h)
		}
		if c.status == 204 && (!strings.Contains(h.Get("Access-Control-Allow-Methods"), "PATCH") ||
			!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization")) {
			t.Errorf("%+v: %v", c, h)
		}
	}
}
