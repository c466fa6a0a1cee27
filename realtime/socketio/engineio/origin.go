package engineio

import "net/http"

// admitOrigin lets pages of any origin connect. Rights come with messages and never with cookies, which nobody looks at;
// they are allowed all the same, because clients 2.x send them with every poll and browsers would keep the answers from
// them otherwise.
func admitOrigin(h http.Header, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Add("Vary", "Origin")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		h.Set("Access-Control-Max-Age", "7200")
	}
}
