package v3_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Bodies that could do harm: what is refused and how, and what is stored. docs: DEVIATIONS.md, "Not in the recording".
func TestHostileDocuments(t *testing.T) {
	w := newWorld(t)
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name, members string
		status        int
		message       string // of a refusal
	}{
		{"name with $", `"$set":{"a":1}`, 400, "Field name $set must not start with $"},
		{"the engine's name", `"_nw":{"rev":1}`, 400, "Field name _nw is reserved"},
		{"the engine's name inside", `"o":{"_nw":1},"_nw_":2`, 201, ""},
		{"name with $ inside", `"a$b":1,"o":{"$gt":1}`, 201, ""},
		{"name with dot", `"a.b":1,".":2,"a..b":3`, 201, ""},
		{"empty name", `"":1`, 201, ""},
		{"name with NUL", `"a\u0000":1`, 400, "field name with NUL"},
		{"nested name with NUL", `"o":[{"\u0000":1}]`, 400, "field name with NUL"},
		{"NUL in a text", `"s":"a\u0000b"`, 201, ""},
		{"__proto__", `"__proto__":{"admin":true},"constructor":{"prototype":{}}`, 201, ""},
		{"depth 64", `"a":` + nested(64), 201, ""},
		{"depth 65", `"a":` + nested(65), 400, "nested deeper than 64 levels"},
		{"depth of a bomb", `"a":` + nested(100_000), 400, ""},
		{"greatest integer", `"n":9223372036854775807,"m":-9223372036854775808`, 201, ""},
		{"integer beyond 64 bits", `"n":-9223372036854775809`, 400, "integer -9223372036854775809 is beyond 64 bits"},
		{"number beyond a double", `"n":1e400`, 400, "number 1e400 is out of range"},
		{"number below a double", `"n":1e-400`, 201, ""},
		{"lone surrogate", `"s":"\ud800"`, 201, ""},
		{"invalid UTF-8", "\"s\":\"\xff\"", 400, "not valid UTF-8"},
		{"overlong UTF-8", "\"s\":\"\xc0\x80\"", 400, "not valid UTF-8"},
		{"literals of JavaScript", `"n":NaN`, 400, "Bad or missing request body"},
		{"comments", `"n":1/* */`, 400, "Bad or missing request body"},
		{"leading zeros", `"n":01`, 400, "Bad or missing request body"},
		{"control character", "\"s\":\"a\x01\"", 400, "Bad or missing request body"},
	} {
		resp, got := w.call("POST", "/entries", w.jwt, `{"identifier":"`+c.name+`",`+c.members+`,`+valid+`}`)
		want := fmt.Sprintf(`{"status":400,"message":%q}`, c.message)
		if resp.StatusCode != c.status || c.message != "" && got != want {
			t.Errorf("%s: %d %.200s", c.name, resp.StatusCode, got)
		}
		if c.status == 201 {
			_, got = w.call("GET", "/entries/"+url.PathEscape(c.name), w.jwt, "")
			if !strings.HasPrefix(got, `{"status":200,"result":{"identifier":"`+c.name+`",`+c.members+`,`) {
				t.Errorf("%s: read back as %.200s", c.name, got)
			}
		}
	}
}

// The field of the engine's notes is refused wherever a document comes in.
func TestReservedName(t *testing.T) {
	w := newWorld(t)
	const refusal = `{"status":400,"message":"Field name _nw is reserved"}`
	bad := doc("r", `,"_nw":{"rev":9}`)
	w.expect(400, refusal, "POST", "/entries", w.jwt, bad)
	w.expect(400, refusal, "PUT", "/entries/r", w.jwt, bad)
	if resp, got := w.call("POST", "/entries/bulk", w.jwt, "["+bad+"]"); resp.StatusCode != 400 || !strings.Contains(got, "Field name _nw is reserved") {
		t.Errorf("bulk: %d %s", resp.StatusCode, got)
	}
	if resp, got := w.call("POST", "/entries/bulk?atomic=false", w.jwt, "["+bad+"]"); !strings.Contains(got, "Field name _nw is reserved") {
		t.Errorf("bulk of independent documents: %d %s", resp.StatusCode, got)
	}
	w.expect(404, `{"status":404}`, "GET", "/entries/r", w.jwt, "")
}

// Of duplicate names the last value wins, at the first one's place.
func TestDuplicateNames(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/entries", w.jwt, `{"identifier":"d","a":1,"b":{"x":1,"x":2},"a":3,`+valid+`,"identifier":"dd"}`)
	_, got := w.call("GET", "/entries/dd", w.jwt, "")
	if !strings.HasPrefix(got, `{"status":200,"result":{"identifier":"dd","a":3,"b":{"x":2},"date":`) {
		t.Error(got)
	}
}

func TestHostileFields(t *testing.T) {
	w := newWorld(t)
	app := `"app":"a","identifier":"x"`
	for body, field := range map[string]string{
		`{"identifier":"` + strings.Repeat("i", 1025) + `",` + valid + `}`: "identifier",
		`{"identifier":"a\u0000b",` + valid + `}`:                          "identifier",
		`{"identifier":" ",` + valid + `}`:                                 "identifier",
		`{"identifier":["a"],` + valid + `}`:                               "identifier",
		`{"identifier":{"$gt":""},` + valid + `}`:                          "identifier",
		`{"date":8640000000000001,` + app + `}`:                            "date",
		`{"date":-1,` + app + `}`:                                          "date",
		`{"date":1e300,` + app + `}`:                                       "date",
		`{"date":"9999999-01-01",` + app + `}`:                             "date",
		`{"date":"2023-02-30",` + app + `}`:                                "date",
		`{"date":{},` + app + `}`:                                          "date",
		`{"date":true,` + app + `}`:                                        "date",
		`{"date":"` + strings.Repeat("9", 100_000) + `",` + app + `}`:      "date",
		`{"date":1680000000000,"utcOffset":1441,` + app + `}`:              "utcOffset",
		`{"date":1680000000000,"utcOffset":1e308,` + app + `}`:             "utcOffset",
		`{"date":1680000000000,"identifier":"x","app":["a"]}`:              "app",
	} {
		w.expect(400, `{"status":400,"message":"Bad or missing `+field+` field"}`, "POST", "/entries", w.jwt, body)
	}
	long := strings.Repeat("i", 1024)
	if resp, got := w.call("POST", "/entries", w.jwt, doc(long, "")); resp.StatusCode != 201 {
		t.Errorf("1024 bytes: %d %s", resp.StatusCode, got)
	}
	for _, id := range []string{strings.Repeat("i", 1025), "a%00b", "%FF", "%20"} {
		w.expect(400, `{"status":400,"message":"Bad or missing identifier field"}`, "PUT", "/entries/"+id, w.jwt, "{"+valid+"}")
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			w.expect(404, `{"status":404}`, method, "/entries/"+id, w.jwt, `{"a":1}`)
		}
	}
}

// A database key that another document has is refused, once and for all.
func TestTakenKey(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/entries", w.jwt, doc("a", `,"_id":"k"`))
	want := `{"status":400,"message":"Another document has this identifier or _id"`
	w.expect(400, want+"}", "POST", "/entries", w.jwt, doc("b", `,"_id":"k"`))
	w.expect(400, want+"}", "POST", "/entries/bulk", w.jwt, "["+doc("c", "")+","+doc("b", `,"_id":"k"`)+"]")
	w.expect(404, `{"status":404}`, "GET", "/entries/c", w.jwt, "")
}

// An array in a document's place becomes an object of its indexes in time that grows with its length, not its square.
func TestHostileArray(t *testing.T) {
	w := newWorld(t)
	start := time.Now()
	w.expect(400, `{"status":400,"message":"Bad or missing date field"}`, "POST", "/entries", w.jwt, "["+strings.Repeat("0,", 300_000)+"0]")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("answered after %v", took)
	}
}

func TestHostilePatches(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/treatments", w.jwt, doc("p", `,"o":{"a":1},"list":[1],"text":"x","deep":`+strings.Repeat(`{"a":`, 60)+"1"+strings.Repeat("}", 60)))
	for patch, message := range map[string]string{
		`{"o":1,"o.a":2}`:        "Fields o and o.a cannot be set together",
		`{"o.a":1,"o.a.b":2}`:    "Fields o.a and o.a.b cannot be set together",
		`{"$set":{"a":1}}`:       "Field name $set must not start with $",
		`{"_nw":null}`:           "Field name _nw is reserved",
		`{"_nw.rev":7}`:          "Field name _nw.rev is reserved",
		`{"o.$where":1}`:         "Field o.$where cannot be set",
		`{"o..a":1}`:             "Field o..a cannot be set",
		`{"":1}`:                 "Field  cannot be set",
		`{".":1}`:                "Field . cannot be set",
		`{"text.a":1}`:           "Field a cannot be set inside a value that is no object",
		`{"list.x":1}`:           "Field x cannot be set inside an array",
		`{"list.-1":1}`:          "Field -1 cannot be set inside an array",
		`{"list.1002":1}`:        "Field 1002 cannot be set inside an array",
		`{"list.99999999999":1}`: "Field 99999999999 cannot be set inside an array",
		`{"deep.b.c.d":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}`: "nested deeper than 64 levels",
		`{"` + strings.Repeat("a.", 70) + `a":1}`:                                  "nested deeper than 64 levels",
		`[{"a":1}]`: "", `[]`: "Bad or missing request body", `{}`: "Bad or missing request body",
		`{"srvModified":1}`: "Field srvModified cannot be modified by the client",
	} {
		resp, got := w.call("PATCH", "/treatments/p", w.jwt, patch)
		if want := fmt.Sprintf(`{"status":400,"message":%q}`, message); message != "" && (resp.StatusCode != 400 || got != want) || resp.StatusCode >= 500 {
			t.Errorf("%.100s: %d %s, want %s", patch, resp.StatusCode, got, message)
		}
	}
	w.expect(200, `{"status":200}`, "PATCH", "/treatments/p", w.jwt, `{"list.1001":1,"__proto__.x":1,"o.b.c":2}`)
}

func TestHostileQueries(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/entries", w.jwt, doc("q", `,"a":{"b":[1,null]}`))
	for _, c := range []struct {
		query  string
		status int
	}{
		{"%zz=%&%=1", 200},
		{"a%FF=%FF", 200},
		{"a%00=%00", 200},
		{"=", 200}, {"&&&&", 200}, {"[]=1", 200}, {"a[b][c]=1", 200}, {"__proto__[x]=1", 200}, {"a[__proto__]=1", 200},
		{"a.b.0=1", 200}, {"a..b=1", 200}, {".=1", 200}, {"a.99999999999999999999=1", 200},
		{"$eq=1", 200}, {"$=1", 200}, {"$$gt=1", 200}, {"$where=1", 400}, {"a$gt$lt=1", 200},
		{"a$re=%5B", 400}, {"a$re=" + strings.Repeat("(a*)*", 50), 200}, {"a$re=" + strings.Repeat("x", 257), 400}, {"a$re=a%7B1001%7D", 400}, {"a$re=%FF", 200},
		{"date$gt=1e400", 200}, {"date=99999999999999999999", 200}, {"date$in=" + strings.Repeat("1|", 5000), 200},
		{"limit=1e-400", 400}, {"limit=0x3e8", 200}, {"limit=NaN", 400}, {"limit=-0", 400}, {"skip=99999999999999999999", 400}, {"skip=2147483647", 200},
		{"sort=%00", 200}, {"sort=a.b.c.d", 200}, {"sort=$a", 200}, {"sort[a]=b", 200}, {"fields[a]=b", 200}, {"fields=,,,", 200}, {"fields=%00", 200},
		{strings.Repeat("a=1&", 10_000), 200}, {strings.Repeat("a[b]=1&", 2000), 200}, {"a$nin=" + strings.Repeat("x", 50_000), 200},
		{"a$exists=%00", 400}, {"a$null=maybe", 400}, {"a.b$null=true", 200}, {"now=1&token=2", 200},
	} {
		if resp, got := w.call("GET", "/entries?"+c.query, w.jwt, ""); resp.StatusCode != c.status {
			t.Errorf("%.80s: %d %.200s, want %d", c.query, resp.StatusCode, got, c.status)
		}
	}
	resp, got := w.call("GET", "/entries?"+strings.Repeat("a", 100_000), w.jwt, "")
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a huge query: %d %s", resp.StatusCode, got)
	}
}

func TestExistsAndNull(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/food/bulk", w.jwt, "["+doc("missing", "")+","+doc("null", `,"a":null`)+","+doc("zero", `,"a":0`)+"]")
	for query, want := range map[string]string{
		"a$exists=true":              "null zero",
		"a$exists=false":             "missing",
		"a$null=true":                "missing null",
		"a$null=false":               "zero",
		"a$exists=true&a$null=true":  "null",
		"a$exists=true&a$null=false": "zero",
	} {
		_, got := w.call("GET", "/food.csv?fields=identifier&"+query, w.jwt, "")
		if names := strings.Join(strings.Fields(got)[1:], " "); names != want {
			t.Errorf("%s: %s, want %s", query, names, want)
		}
	}
}

// A path with a broken escape does not get as far as the API.
func TestBrokenPath(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(w.url, "http://"), "/api/v3"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /api/v3/entries/%zz HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 400 ") {
		t.Errorf("%q, %v", line, err)
	}
}

// Headers full of nonsense are as good as none, or refused.
func TestHostileHeaders(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/entries", w.jwt, doc("h", ""))
	garbage := []string{"\xff\xfe", ",;=", strings.Repeat("a,", 5000), "W/", `"`, "Thu, 99 Foo 0000 99:99:99 GMT", "-1", "1e400", "*;q=x", "%00", "9999999999999999999"}
	for _, name := range []string{"Accept", "Accept-Encoding", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Cache-Control", "Last-Modified",
		"Content-Type", "Content-Encoding", "Authorization", "X-Forwarded-For", "X-Request-Id", "Origin", "Range", "Cookie"} {
		for _, value := range garbage {
			for _, c := range [][3]string{{"GET", "/entries/h", ""}, {"GET", "/entries/history", ""}, {"GET", "/entries", ""}, {"PUT", "/entries/h", doc("h", "")}} {
				if resp, got := w.call(c[0], c[1], w.jwt, c[2], name, value); resp.StatusCode >= 500 {
					t.Errorf("%s %s %s: %.50s: %d %s", c[0], c[1], name, value, resp.StatusCode, got)
				}
			}
		}
	}
}
