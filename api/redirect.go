package api

import (
	"net"
	"net/http"
	"strings"
)

// redirect sends what came over plain HTTP to HTTPS, where that is known to be there: this server speaks it itself, or a
// proxy said that its client did not use it. Probes of health are answered over either.
func (o *Options) redirect(next http.Handler) http.Handler {
	base := strings.TrimRight(o.BasePath, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, base)
		if !o.plain(r) || path == "/healthz" || path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		host := o.Proxies.Host(r)
		if host == "" || !strings.HasPrefix(r.URL.Path, "/") { // HTTP/1.0, or no path that could be redirected
			http.Error(w, "HTTPS is required", http.StatusBadRequest)
			return
		}
		w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}

// plain tells whether the client used plain HTTP where it could have used HTTPS.
func (o *Options) plain(r *http.Request) bool {
	if scheme := o.Proxies.Scheme(r); scheme != "" {
		return scheme == "http"
	}
	return o.TLS != nil && r.TLS == nil
}

// IsLoopback tells whether only this machine can reach the listener.
func IsLoopback(l net.Listener) bool {
	addr, ok := parseAddress(l.Addr().String())
	return ok && addr.IsLoopback()
}
