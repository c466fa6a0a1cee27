package v3_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// answer is the status that the server, without a network, gives; 0 for what net/http does not even let in.
func (w *world) answer(method, target, header, body string) int {
	u, err := url.ParseRequestURI("/api/v3" + target)
	if err != nil || strings.ContainsAny(method, " \x00\r\n") {
		return 0
	}
	req := &http.Request{Method: method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost", RemoteAddr: "127.0.0.1:1",
		Header: http.Header{"Authorization": {"Bearer " + w.jwt}, "Content-Type": {"application/json"}}, Body: http.NoBody}
	if name, value, ok := strings.Cut(header, ":"); ok {
		req.Header.Set(name, value)
	}
	if body != "" {
		req.Body = http.MaxBytesReader(nil, nopCloser{strings.NewReader(body)}, 1<<20)
	}
	recorder := httptest.NewRecorder()
	w.serve.ServeHTTP(recorder, req)
	return recorder.Code
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

// fragments are what random requests are made of.
var fragments = struct{ methods, paths, names, values, headers, bodies []string }{
	methods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "BREW"},
	paths: []string{"/entries", "/ENTRIES", "/food", "/a", "/b", "/bulk", "/history", "/1", "/1680000000000", ".json", ".csv", ".xml", ".foo", "/", "//",
		"%2F", "%00", "%FF", "%", "/..", "/status", "/version", "/lastmodified", "\u00e9", "\xff"},
	names: []string{"a", "a.b", "date", "identifier", "isValid", "srvModified", "created_at", "limit", "skip", "sort", "fields", "atomic", "permanent", "$", "$gt", "$in",
		"$re", "$exists", "$null", "$ne", "$desc", "[x]", "[]", "%00", "."},
	values: []string{"1", "-1", "1e400", "true", "null", "'x'", "a|b", "(", "2023-05-01", "%", "%FF", "", "_all", "a,b", "9223372036854775808", "(a*)*", "0x10"},
	headers: []string{"", "", "", "If-Modified-Since: 4070908800", "Accept: text/csv", "Accept: application/xml", "Accept: \xff", "Content-Encoding: gzip", "Content-Encoding: deflate", "Content-Type: text/plain",
		"If-Unmodified-Since: 946684801", "If-None-Match: *", "Last-Modified: 1680000000000", "Last-Modified: x", "Authorization: Bearer \x00"},
	bodies: []string{"{", "}", "[", "]", ",", ":", `"a"`, `"a.b"`, `"$a"`, `"identifier"`, `"_id"`, `"isValid"`, `"date":1680000000000,"app":"a"`, `"isReadOnly":true`,
		"1", "1e400", "null", "false", `"x"`, `"\ud800"`, "\xff", `{"identifier":"a","date":1680000000000,"app":"a"}`,
		`{"identifier":"b","isReadOnly":true,"date":1680000000000,"app":"a"}`, `[{"date":1680000000000,"app":"a"}]`, `{"a.b":{"c":[1]}}`, `{"a":[1,{"b":null}]}`},
}

func some(r *rand.Rand, from []string, most int, between string) string {
	parts := make([]string, r.IntN(most+1))
	for i := range parts {
		parts[i] = from[r.IntN(len(from))]
	}
	return strings.Join(parts, between)
}

func randomRequest(r *rand.Rand) (method, target, header, body string) {
	method = fragments.methods[r.IntN(len(fragments.methods))]
	target = fragments.paths[r.IntN(3)] + some(r, fragments.paths[3:7], 1, "") + some(r, fragments.paths[7:], 1, "")
	if r.IntN(8) == 0 {
		target = some(r, fragments.paths, 4, "")
	}
	for mark := "?"; r.IntN(2) == 0; mark = "&" {
		target += mark + some(r, fragments.names, 2, "") + "=" + some(r, fragments.values, 1, "")
	}
	header = fragments.headers[r.IntN(len(fragments.headers))]
	if body = some(r, fragments.bodies, 8, ""); r.IntN(4) > 0 {
		body = fragments.bodies[len(fragments.bodies)-1-r.IntN(5)]
	}
	return method, target, header, body
}

// Nothing that a client sends is a server error.
func TestRandomRequests(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(3, 4))
	seen := map[int]int{}
	for range 20_000 {
		method, target, header, body := randomRequest(r)
		status := w.answer(method, target, header, body)
		if seen[status]++; status >= 500 {
			t.Errorf("%s %q %q %q: %d", method, target, header, body, status)
		}
	}
	for _, status := range []int{200, 201, 304, 400, 401, 404, 406, 410, 412, 422} {
		if seen[status] == 0 {
			t.Errorf("no request was answered by %d: %v", status, seen)
		}
	}
}

func FuzzRequest(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		method, target, header, body := randomRequest(r)
		f.Add(method, target, header, body)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		if status := w.answer(method, target, header, body); status >= 500 {
			t.Errorf("%d", status)
		}
	})
}
