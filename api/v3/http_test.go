package v3_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nightwire/api"
	v3 "nightwire/api/v3"
	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// world is a server on the embedded engine, over real HTTP.
type world struct {
	t      testing.TB
	url    string
	serve  http.Handler // what is behind url
	engine storage.Engine
	guard  *security.Guard
	alarms *storage.Alarms
	jwt    string // of a subject with all rights
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOver(t, func(e storage.Engine) storage.Engine { return e }, storage.Options{})
}

// newWorldOver is a world whose documents are kept in the engine that between makes of the embedded one.
func newWorldOver(t testing.TB, between func(storage.Engine) storage.Engine, o storage.Options) *world {
	t.Helper()
	ctx := t.Context()
	log := slog.New(slog.DiscardHandler)
	engine, err := sqlite.Open(ctx, sqlite.Options{Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(engine), APISecret: "a long secret", JWTKey: []byte(security.NewJWTKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := between(engine)
	alarms := storage.NewAlarms(kept, guard)
	server := api.New(api.Options{Log: log})
	v3.Mount(server.Echo, v3.Options{
		Documents: storage.NewDocuments(kept, guard, o), Alarms: alarms, Guard: guard, MaxLimit: 1000,
		Storage: "sqlite", StorageVersion: "1", ServerVersion: "1", Log: log,
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(stop, func() {}); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, url: "http://" + l.Addr().String() + "/api/v3", serve: server.Echo, engine: engine, guard: guard, alarms: alarms}
	w.jwt = w.subject("all", "admin")
	return w
}

// subject makes a subject with these roles and returns a JWT for it.
func (w *world) subject(name string, roles ...string) string {
	w.t.Helper()
	token, err := w.guard.EnsureSubject(w.t.Context(), name, roles...)
	if err != nil {
		w.t.Fatal(err)
	}
	session, err := w.guard.Exchange(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return session.Token
}

// call is one request; header pairs come last.
func (w *world) call(method, path, jwt, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if jwt != "" {
		req.Header.Set("Authorization", "Bearer "+jwt)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(text)
}

// expect makes a request and compares status and body.
func (w *world) expect(status int, body, method, path, jwt, sent string, headers ...string) {
	w.t.Helper()
	resp, got := w.call(method, path, jwt, sent, headers...)
	if resp.StatusCode != status || got != body {
		w.t.Errorf("%s %s %.80s: %d %.300s\nwant %d %s", method, path, sent, resp.StatusCode, got, status, body)
	}
}

const valid = `"date":1680000000000,"app":"test","utcOffset":0`

// Every message of the specification's table (§0), as docs/design.md §9 changes it.
func TestMessages(t *testing.T) {
	w := newWorld(t)
	none, reader := w.subject("none"), w.subject("reader", "readable")
	w.expect(404, `{"status":404,"message":"Bad operation or collection"}`, "GET", "/activity", "", "")
	w.expect(404, `{"status":404,"message":"Bad operation or collection"}`, "PUT", "/entries", w.jwt, "{}")
	w.expect(401, `{"status":401,"message":"Missing or bad access token or JWT"}`, "GET", "/entries", "", "")
	for _, header := range []string{"Basic abc", "Bearer", "Bearer a b", "Bearer  a"} {
		w.expect(401, `{"status":401,"message":"Missing or bad access token or JWT"}`, "GET", "/entries", "", "", "Authorization", header)
	}
	w.expect(401, `{"status":401,"message":"Bad access token or JWT"}`, "GET", "/entries", "bad", "")
	w.expect(403, `{"status":403,"message":"Missing permission api:entries:read"}`, "GET", "/entries", none, "")
	w.expect(403, `{"status":403,"message":"Missing permission api:settings:admin"}`, "GET", "/settings", reader, "")
	w.expect(403, `{"status":403,"message":"Missing permission api:entries:create"}`, "POST", "/entries", reader, "{"+valid+"}")
	w.expect(403, `{"status":403,"message":"Missing permission api:entries:update"}`, "PATCH", "/entries/x", reader, "{"+valid+"}")
	w.expect(403, `{"status":403,"message":"Missing permission api:entries:delete"}`, "DELETE", "/entries/x", reader, "")
	w.expect(400, `{"status":400,"message":"Bad or missing request body"}`, "POST", "/entries", w.jwt, "")
	w.expect(400, `{"status":400,"message":"Bad or missing request body"}`, "POST", "/entries", w.jwt, "[]")
	w.expect(400, `{"status":400,"message":"Bad or missing date field"}`, "POST", "/entries", w.jwt, "[{"+valid+"}]")
	w.expect(400, `{"status":400,"message":"Bad or missing identifier field"}`, "POST", "/entries", w.jwt, `{"identifier":5,`+valid+"}")
	w.expect(400, `{"status":400,"message":"Bad or missing utcOffset field"}`, "POST", "/entries", w.jwt, `{"date":1680000000000,"app":"test","utcOffset":"0"}`)
	w.expect(400, `{"status":400,"message":"Bad or missing app field"}`, "POST", "/entries", w.jwt, `{"date":1680000000000}`)
	w.expect(400, `{"status":400,"message":"Parameter limit out of tolerance"}`, "GET", "/entries?limit=0", w.jwt, "")
	w.expect(400, `{"status":400,"message":"Parameter skip out of tolerance"}`, "GET", "/entries?skip=-1", w.jwt, "")
	w.expect(400, `{"status":400,"message":"Parameters sort and sort_desc cannot be combined"}`, "GET", "/entries?sort=a&sort$desc=b", w.jwt, "")
	w.expect(400, `{"status":400,"message":"Unsupported filter operator foo"}`, "GET", "/entries?a$foo=b", w.jwt, "")
	w.expect(400, `{"status":400,"message":"Bad or missing Last-Modified header/parameter"}`, "GET", "/entries/history", w.jwt, "")
	w.expect(400, `{"status":400,"message":"Bad or missing Last-Modified header/parameter"}`, "GET", "/entries/history/1", w.jwt, "")
	w.expect(406, `{"status":406,"message":"Unsupported output format requested"}`, "GET", "/entries.foo", "", "")
	w.expect(406, `{"status":406,"message":"Unsupported output format requested"}`, "GET", "/entries/x.foo", w.jwt, "")
	w.expect(404, `{"status":404}`, "GET", "/entries/x", w.jwt, "")
	w.expect(404, `{"status":404}`, "PATCH", "/entries/x", w.jwt, "{"+valid+"}")
	w.expect(404, `{"status":404}`, "DELETE", "/entries/x", w.jwt, "")
}

func TestLifeOfADocument(t *testing.T) {
	w := newWorld(t)
	resp, body := w.call("POST", "/treatments", w.jwt, `{"identifier":"t1","eventType":"Note",`+valid+`}`)
	if resp.StatusCode != 201 || resp.Header.Get("Location") != "/api/v3/treatments/t1" || resp.Header.Get("Last-Modified") == "" {
		t.Fatalf("create: %d %s %v", resp.StatusCode, body, resp.Header)
	}
	w.expect(400, `{"status":400,"message":"Field date cannot be modified by the client"}`, "PATCH", "/treatments/t1", w.jwt, `{"date":1680000000001}`)
	w.expect(412, `{"status":412}`, "PATCH", "/treatments/t1", w.jwt, `{"notes":"x"}`, "If-Unmodified-Since", "Mon, 01 Jan 2018 00:00:00 GMT")
	w.expect(200, `{"status":200}`, "PATCH", "/treatments/t1", w.jwt, `{"notes":"x"}`)
	w.expect(304, "", "GET", "/treatments/t1", w.jwt, "", "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")
	w.expect(200, `{"status":200,"result":{"eventType":"Note","notes":"x"}}`, "GET", "/treatments/t1?fields=notes,eventType", w.jwt, "")
	w.expect(200, `{"status":200,"result":[{"notes":"x"}]}`, "GET", "/treatments?fields=notes&date$gte=1680000000000&date$lt=1680000000001", w.jwt, "")
	w.expect(200, `{"status":200,"result":[]}`, "GET", "/treatments?date$gte=1680000000000&date$lt=1680000000000", w.jwt, "")
	w.expect(200, `{"status":200}`, "DELETE", "/treatments/t1", w.jwt, "")
	w.expect(200, `{"status":200}`, "DELETE", "/treatments/t1", w.jwt, "")
	w.expect(410, `{"status":410}`, "GET", "/treatments/t1", w.jwt, "")
	w.expect(410, `{"status":410}`, "PATCH", "/treatments/t1", w.jwt, `{"notes":"y"}`)
	w.expect(410, `{"status":410}`, "PUT", "/treatments/t1", w.jwt, "{"+valid+"}")
	w.expect(200, `{"status":200,"result":[]}`, "GET", "/treatments", w.jwt, "")
	resp, body = w.call("POST", "/treatments", w.jwt, `{"identifier":"t1","isReadOnly":true,`+valid+`}`)
	if resp.StatusCode != 200 || !strings.Contains(body, `"isDeduplication":true`) {
		t.Errorf("revive: %d %s", resp.StatusCode, body)
	}
	w.expect(422, `{"status":422,"message":"Trying to modify read-only document"}`, "DELETE", "/treatments/t1?permanent=true", w.jwt, "")
}

// Any identifier can be written, and its Location leads to it.
func TestIdentifiers(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"a/b", "a b?c#d", "ä✓", "x.json", "x.csv", "v1.2", "..", ".", "%41", "a\tb", "history.json"} {
		sent, err := json.Marshal(map[string]any{"identifier": id, "date": 1680000000000, "app": "test", "utcOffset": 0})
		if err != nil {
			t.Fatal(err)
		}
		resp, body := w.call("POST", "/food", w.jwt, string(sent))
		location := resp.Header.Get("Location")
		if resp.StatusCode != 201 {
			t.Errorf("%q: %d %s", id, resp.StatusCode, body)
			continue
		}
		want, _ := json.Marshal(id) // a string always can
		w.expect(200, `{"status":200,"result":{"identifier":`+string(want)+`}}`, "GET", strings.TrimPrefix(location, "/api/v3")+"?fields=identifier", w.jwt, "")
	}
	w.expect(200, `{"status":200,"result":{"identifier":"v1.2"}}`, "GET", "/food/v1.2?fields=identifier", w.jwt, "")
	w.expect(200, `{"status":200,"result":{"identifier":"v1.2"}}`, "GET", "/food/v1.2.json?fields=identifier", w.jwt, "")
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	doc := `{"identifier":"z",` + valid + `}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(doc)) // a buffer takes everything
	_ = z.Close()
	if resp, body := w.call("POST", "/entries", w.jwt, zipped.String(), "Content-Encoding", "gzip"); resp.StatusCode != 201 {
		t.Errorf("gzip: %d %s", resp.StatusCode, body)
	}
	for name, body := range map[string]string{
		"bad JSON": `{"date":`, "scalar": `5`, "invalid UTF-8": "{\"a\":\"\xff\"," + valid + "}",
		"too deep":   `{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `,` + valid + `}`,
		"beyond int": `{"a":9223372036854775808,` + valid + `}`, "beyond double": `{"a":1e400,` + valid + `}`,
		"dollar": `{"$set":{},` + valid + `}`, "NUL": `{"a\u0000b":1,` + valid + `}`,
	} {
		if resp, got := w.call("POST", "/entries", w.jwt, body); resp.StatusCode != 400 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, got)
		}
	}
	huge := `{"a":"` + strings.Repeat("x", 17<<20) + `",` + valid + `}`
	w.expect(413, `{"status":413,"message":"Request body too large"}`, "POST", "/entries", w.jwt, huge)
	var bomb bytes.Buffer
	z = gzip.NewWriter(&bomb)
	for range 60 {
		_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	_ = z.Close()
	w.expect(413, `{"status":413,"message":"Request body too large"}`, "POST", "/entries", w.jwt, bomb.String(), "Content-Encoding", "gzip")
	w.expect(401, `{"status":401,"message":"Missing or bad access token or JWT"}`, "POST", "/entries", "", "{")
}

// What is written is read back as it was: order, number forms, 64-bit integers, names.
func TestReadBack(t *testing.T) {
	w := newWorld(t)
	fields := `"z":1.0,"a":1e2,"big":9223372036854775807,"neg":-0.0,"__proto__":{"x":1},"dot.ted":true,"":null,"s":"é\u0000\n\"\\"`
	if resp, body := w.call("POST", "/entries", w.jwt, `{"identifier":"r",`+fields+`,`+valid+`}`); resp.StatusCode != 201 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	_, body := w.call("GET", "/entries/r", w.jwt, "")
	if !strings.HasPrefix(body, `{"status":200,"result":{"identifier":"r",`+fields+`,`+valid) {
		t.Error(body)
	}
}

func TestStatusAndVersion(t *testing.T) {
	w := newWorld(t)
	_, body := w.call("GET", "/status", w.subject("none"), "")
	if !strings.Contains(body, `"apiPermissions":{"devicestatus":"","entries":"","food":"","profile":"","settings":"","treatments":""}`) {
		t.Error(body)
	}
	_, body = w.call("GET", "/status", w.jwt, "")
	if !strings.Contains(body, `"treatments":"crud"`) {
		t.Error(body)
	}
	_, body = w.call("GET", "/version", "", "")
	if !strings.HasPrefix(body, `{"status":200,"result":{"version":"15.0.7","apiVersion":"3.0.3-alpha","srvDate":`) {
		t.Error(body)
	}
}
