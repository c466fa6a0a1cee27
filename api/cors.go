package api

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// cors lets pages of the origin ("*" for any) call the REST API from a browser. They bring a token of their own: no
// cookie counts here, so none is allowed. The sockets have their own rule.
func cors(origin string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if !strings.HasPrefix(r.URL.Path, "/api/") {
				return next(c)
			}
			h := c.Response().Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "ETag, Last-Modified, Location, Retry-After, X-Request-Id")
			if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
				return next(c)
			}
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, api-secret, If-Match, If-Modified-Since, If-None-Match, "+
				"If-Unmodified-Since, Last-Modified, X-Requested-With")
			h.Set("Access-Control-Max-Age", "3600")
			return c.NoContent(http.StatusNoContent)
		}
	}
}
