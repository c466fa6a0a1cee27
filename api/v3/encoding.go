package v3

import (
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// refusedGzip hides an Accept-Encoding that refuses gzip (gzip;q=0) from the compression, which looks only for the word.
func refusedGzip(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if refusesGzip(c.Request().Header.Get(echo.HeaderAcceptEncoding)) {
			c.Request().Header.Del(echo.HeaderAcceptEncoding)
		}
		return next(c)
	}
}

// refusesGzip tells whether an Accept-Encoding gives gzip a quality of 0 (RFC 9110 §12.5.3).
func refusesGzip(accepted string) bool {
	for entry := range strings.SplitSeq(accepted, ",") {
		coding, weight, weighed := strings.Cut(entry, ";")
		if !weighed || !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		name, value, _ := strings.Cut(weight, "=")
		quality, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		return strings.EqualFold(strings.TrimSpace(name), "q") && err == nil && quality == 0
	}
	return false
}
