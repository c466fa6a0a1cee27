package v2_test

import (
	"context"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	v2 "nightwire/api/v2"
	"nightwire/security"
)

const testSecret = "a secret for tests"

func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func sha512Hex(s string) string {
	sum := sha512.Sum512([]byte(s))
	return hex.EncodeToString(sum[:])
}

// accounts is security.Accounts in a map.
type accounts struct {
	mu   sync.Mutex
	kept map[security.AccountKind]map[string][]byte
	fail error
}

func (a *accounts) List(_ context.Context, kind security.AccountKind) ([]security.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var records []security.Record
	for id, text := range a.kept[kind] {
		records = append(records, security.Record{ID: id, JSON: text})
	}
	return records, a.fail
}

func (a *accounts) Put(_ context.Context, kind security.AccountKind, r security.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail == nil {
		a.kept[kind][r.ID] = r.JSON
	}
	return a.fail
}

func (a *accounts) Delete(_ context.Context, kind security.AccountKind, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.kept[kind], id)
	return a.fail
}

// server is the API on a real port.
type server struct {
	t        *testing.T
	url      string
	guard    *security.Guard
	accounts *accounts
}

func serve(t *testing.T, delay time.Duration, change ...func(*security.Options)) *server {
	t.Helper()
	e, guard, a := assemble(t, delay, change...)
	h := httptest.NewServer(e)
	t.Cleanup(h.Close)
	return &server{t, h.URL, guard, a}
}

func assemble(t *testing.T, delay time.Duration, change ...func(*security.Options)) (*echo.Echo, *security.Guard, *accounts) {
	t.Helper()
	a := &accounts{kept: map[security.AccountKind]map[string][]byte{security.Subjects: {}, security.Roles: {}}}
	o := security.Options{Accounts: a, APISecret: testSecret, JWTKey: []byte(security.NewJWTKey()),
		DefaultRoles: []string{"denied"}, FailDelay: delay, Known: []security.Permission{"api:*:read"}}
	for _, c := range change {
		c(&o)
	}
	guard, err := security.NewGuard(o)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	v2.Mount(e, v2.Options{Guard: guard, Log: slog.New(slog.DiscardHandler)})
	return e, guard, a
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request; headers are given as name, value, name, value.
func (s *server) call(method, path, body string, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, strings.TrimSuffix(string(text), "\n")}
}

const (
	root         = "/api/v2/authorization"
	unauthorized = `{"status":401,"message":"Unauthorized","description":"Invalid/Missing"}`
)

// admin and asJSON are headers.
var (
	admin  = []string{"Api-Secret", sha1Hex(testSecret)}
	asJSON = append([]string{"Content-Type", "application/json"}, admin...)
)

// subject makes a subject and returns its _id and access token.
func (s *server) subject(name, role string) (id, token string) {
	s.t.Helper()
	token, err := s.guard.EnsureSubject(s.t.Context(), name, role)
	if err != nil {
		s.t.Fatal(err)
	}
	var list []struct {
		ID          string `json:"_id"`
		AccessToken string
	}
	if err := json.Unmarshal([]byte(s.call("GET", root+"/subjects", "", admin...).body), &list); err != nil {
		s.t.Fatal(err)
	}
	for _, item := range list {
		if item.AccessToken == token {
			return item.ID, token
		}
	}
	s.t.Fatalf("%s is not in the list", name)
	return "", ""
}

func (s *server) jwt(token string) string {
	s.t.Helper()
	session, err := s.guard.Exchange(s.t.Context(), token)
	if err != nil {
		s.t.Fatal(err)
	}
	return session.Token
}

func TestCredentials(t *testing.T) {
	s := serve(t, 0)
	_, token := s.subject("boss", "admin")
	jwt := s.jwt(token)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	plain := []string{"Content-Type", "application/json"}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"none", "GET", "/roles", "", nil, 401},
		{"api-secret", "GET", "/roles", "", admin, 200},
		{"plain secret", "GET", "/roles", "", []string{"api-secret", testSecret}, 401},
		{"token in api-secret", "GET", "/roles", "", []string{"api-secret", token}, 200},
		{"?secret=", "GET", "/roles?secret=" + sha1Hex(testSecret), "", nil, 200},
		{"?token=", "GET", "/roles?token=" + token, "", nil, 200},
		{"second ?token=", "GET", "/roles?token=bad&token=" + token, "", nil, 200},
		{"empty ?token=", "GET", "/roles?token=", "", nil, 401},
		{"body secret", "POST", "/subjects", `{"name":"a","secret":"` + sha1Hex(testSecret) + `"}`, plain, 200},
		{"body token", "POST", "/subjects", `{"name":"b","token":"` + token + `"}`, plain, 200},
		{"form secret", "POST", "/subjects", "name=c&secret=" + sha1Hex(testSecret), form, 200},
		{"body secret of another type", "POST", "/subjects", `{"name":"d","secret":["` + sha1Hex(testSecret) + `"]}`, plain, 401},
		{"bearer", "GET", "/roles", "", []string{"Authorization", "Bearer " + jwt}, 200},
		{"lower-case bearer", "GET", "/roles", "", []string{"Authorization", "bearer " + jwt}, 401},
		{"token as bearer", "GET", "/roles", "", []string{"Authorization", "Bearer " + token}, 401},
		{"empty bearer beside a good secret", "GET", "/roles", "", append([]string{"Authorization", "Bearer "}, admin...), 200},
	} {
		got := s.call(c.method, root+c.path, c.body, c.headers...)
		if got.status != c.status || got.status == 401 && got.body != unauthorized {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
	}
	for id, text := range s.accounts.kept[security.Subjects] {
		if strings.Contains(string(text), sha1Hex(testSecret)) || strings.Contains(string(text), token) {
			t.Errorf("subject %s was stored with a credential", id)
		}
	}
}

func TestExchange(t *testing.T) {
	s := serve(t, 0)
	_, token := s.subject("The Reader", "readable")
	got := s.call("GET", root+"/request/"+token, "", "Authorization", "")
	if got.status != 200 || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%d %v", got.status, got.header)
	}
	for _, name := range []string{"Etag", "X-Powered-By"} {
		if got.header.Get(name) != "" {
			t.Errorf("%s is sent", name)
		}
	}
	if !strings.HasPrefix(got.body, `{"token":"ey`) || !strings.Contains(got.body, `","sub":"The Reader","permissionGroups":[["*:*:read"],[]],"iat":1`) {
		t.Errorf("body %s", got.body)
	}
	if got := s.call("GET", root+"/request/"+s.jwt(token), ""); got.status != 200 {
		t.Errorf("renewal: %d %s", got.status, got.body)
	}
	for _, bad := range []string{"bad", "unknown-0123456789abcdef", strings.Repeat("a.", 500), "%00", "%FF%FE", "a%2Fb"} {
		if got := s.call("GET", root+"/request/"+bad, ""); got.status != 401 || got.body != unauthorized {
			t.Errorf("%s: %d %s", bad, got.status, got.body)
		}
	}
}

func TestRouting(t *testing.T) {
	s := serve(t, 0)
	_, token := s.subject("boss", "admin")
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/roles/", 200},
		{"GET", "/ROLES", 200},
		{"HEAD", "/roles", 200},
		{"GET", "/Permissions/TRIE", 200},
		{"GET", "/permissions", 200},
		{"GET", "/Debug/Check/api:entries:read", 200},
		{"GET", "/debug/check/api%3Aentries%3Aread/", 200},
		{"GET", "/REQUEST/" + token, 200},
		{"GET", "/REQUEST/" + strings.ToUpper(token), 401},
		{"GET", "/request/", 404},
		{"GET", "/request", 404},
		{"GET", "/debug/check/", 404},
		{"GET", "/nothing", 404},
		{"GET", "", 404},
		{"GET", "/", 404},
		{"GET", "//roles", 404},
		{"GET", "/roles//", 404},
		{"GET", "/roles/aaaaaaaaaaaaaaaaaaaaaaaa", 404},
		{"DELETE", "/roles", 404},
		{"PATCH", "/subjects", 404},
		{"POST", "/request/" + token, 404},
		{"OPTIONS", "/subjects", 404},
		{"UNHEARD", "/subjects", 404},
	} {
		if got := s.call(c.method, root+c.path, "", admin...); got.status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, got.body)
		}
	}
}

func TestBadInput(t *testing.T) {
	s := serve(t, 0)
	mongo := func(description string) string {
		return `{"status":400,"message":"Mongo Error","description":` + description + `}`
	}
	malformed := `{"status":400,"message":"Bad Request","description":"Malformed body"}`
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/subjects", `{"name":`, 400, malformed},
		{"POST", "/subjects", `7`, 400, malformed},
		{"POST", "/subjects", `[{"name":"x"}]`, 400, malformed},
		{"POST", "/subjects", "{\"name\":\"\xff\"}", 400, malformed},
		{"POST", "/subjects", `{"name":"x","$set":1}`, 400, malformed},
		{"POST", "/subjects", `{"name":"x","_nw":1}`, 400, malformed},
		{"POST", "/subjects", `{"name":"x","n":123456789012345678901234567890}`, 400, malformed},
		{"POST", "/subjects", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), 400, malformed},
		{"POST", "/subjects", ``, 400, mongo(`"Missing name"`)},
		{"POST", "/roles", `{"name":null}`, 400, mongo(`"Missing name"`)},
		{"PUT", "/roles", `{"name":"x"}`, 400, mongo(`"Missing _id for update"`)},
		{"PUT", "/roles", `{"_id":"nope","name":"x"}`, 400, mongo(`"Invalid _id format: nope"`)},
		{"DELETE", "/subjects/xyz", ``, 400, mongo(`{}`)},
		{"POST", "/subjects", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `{"status":413,"message":"Payload Too Large","description":"Body over 1 MiB"}`},
	} {
		if got := s.call(c.method, root+c.path, c.body, asJSON...); got.status != c.status || got.body != c.want {
			t.Errorf("%s %s %.60s: %d %s", c.method, c.path, c.body, got.status, got.body)
		}
	}
	if got := s.call("POST", root+"/subjects", `{"name":`, "Content-Type", "application/json"); got.status != 401 {
		t.Errorf("malformed without credentials: %d", got.status)
	}
	if got := s.call("POST", root+"/subjects", `{"name":"x"}`, append([]string{"Content-Type", "text/plain"}, admin...)...); got.status != 400 {
		t.Errorf("text/plain: %d %s", got.status, got.body)
	}
	many := strings.Repeat("a=1&", 1000) + "name=x"
	if got := s.call("POST", root+"/subjects", many, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, admin...)...); got.status != 413 {
		t.Errorf("1001 parameters: %d %s", got.status, got.body)
	}
}

// Without a network, so that the time that passes is exactly the delay.
func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, guard, _ := assemble(t, time.Second)
		token, err := guard.EnsureSubject(t.Context(), "boss", "admin")
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			path, secret string
			status       int
			waits        time.Duration
		}{
			{"/request/bad", "", 401, 0}, // does not count
			{"/roles", "bad", 401, 0},
			{"/request/" + token, "", 200, 0}, // does not wait
			{"/roles", "", 401, time.Second},  // waits, does not count
			{"/roles", "bad", 401, 0},
			{"/roles", sha1Hex(testSecret), 200, time.Second},
			{"/roles", sha1Hex(testSecret), 200, 0},
		} {
			req := httptest.NewRequestWithContext(t.Context(), "GET", root+c.path, nil)
			if c.secret != "" {
				req.Header.Set("api-secret", c.secret)
			}
			res, start := httptest.NewRecorder(), time.Now()
			e.ServeHTTP(res, req)
			if res.Code != c.status || time.Since(start) != c.waits {
				t.Errorf("call %d, %s: %d after %v", i, c.path, res.Code, time.Since(start))
			}
		}
	})
}

func TestUnavailable(t *testing.T) {
	s := serve(t, 0)
	s.accounts.fail = security.ErrUnavailable
	for _, path := range []string{"/request/x-0123456789abcdef", "/subjects"} {
		if got := s.call("GET", root+path, "", admin...); got.status != 503 || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
	if got := s.call("POST", root+"/subjects", `{"name":"x"}`, asJSON...); got.status != 503 {
		t.Errorf("POST: %d %s", got.status, got.body)
	}
	s.accounts.fail = errors.New("a fault of ours")
	s.guard.Raise()
	if got := s.call("POST", root+"/subjects", `{"name":"x"}`, asJSON...); got.status != 500 || strings.Contains(got.body, "fault") {
		t.Errorf("internal: %d %s", got.status, got.body)
	}
}
