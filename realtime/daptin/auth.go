package daptin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// judgeTimeout is how long finding out about a token may take.
const judgeTimeout = 10 * time.Second

// tokenOf is the token that a request shows: in the header, else in the query, else in a cookie; "" when there is none. A
// malformed header counts as none.
func (s *Server) tokenOf(r *http.Request) string {
	if token := bearer(r.Header.Get("Authorization")); token != "" {
		return token
	}
	if token := r.URL.Query().Get("token"); token != "" {
		return token
	}
	if cookie, err := r.Cookie("token"); err == nil && s.trusts(r) {
		return cookie.Value
	}
	return ""
}

// bearer is the token in an Authorization header; "" when it is shaped differently.
func bearer(header string) string {
	parts := strings.Split(header, " ")
	if len(parts) != 2 || !strings.EqualFold(parts[0], "Bearer") {
		return ""
	}
	return parts[1]
}

// trusts tells whether the page that connects may use its user's cookie: browsers send it along with the requests of any
// page. Who is no browser sends no Origin.
func (s *Server) trusts(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	at, err := url.Parse(origin)
	if err != nil || at.Host == "" {
		return false
	}
	if sameHost(at.Scheme, at.Host, r.Host) {
		return true
	}
	return slices.ContainsFunc(s.options.Origins, func(allowed string) bool {
		return allowed == "*" || strings.EqualFold(strings.TrimSuffix(allowed, "/"), origin)
	})
}

// sameHost compares hosts with their ports; the scheme's own may be left out.
func sameHost(scheme, a, b string) bool {
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return strings.EqualFold(strings.TrimSuffix(a, port), strings.TrimSuffix(b, port))
}
