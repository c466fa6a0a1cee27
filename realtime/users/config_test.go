package users

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// published is the sample of the published document, with its trailing comma, and more around it.
const published = "\ufeff" + `{
	"port": 8000, "host": "elsewhere", "databaseName": "users",
	"bucket": { "keyFile": "", "list": [1, {"a": ",]",},], },
	"websocket": {
		"port": 8080,
		"approvedSocketDomains": [
			"localhost",
			"^ws://www.webinate.net:123$",
		]
	}
}`

func TestConfigInThePublishedShape(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(published), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Port, want.ApprovedSocketDomains = 8080, []string{"localhost", "^ws://www.webinate.net:123$"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !got.Enabled() {
		t.Error("is off")
	}
}

func TestConfigWithAllKeys(t *testing.T) {
	got, err := ParseConfig([]byte(`{"websocket":{"port":1,"host":"::1","approvedSocketDomains":[],"socketApiKey":"k",
		"documentEvents":false,"userEvents":"restricted","openMeta":true,"ssl":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Port: 1, Host: "::1", ApprovedSocketDomains: []string{}, SocketAPIKey: "k", UserEvents: Restricted, OpenMeta: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestConfigWithoutTheSectionIsOff(t *testing.T) {
	for _, text := range []string{`{}`, `{"port":8000}`, `{"websocket":{}}`, `{"WebSocket":{"port":1}}`} {
		if c, err := ParseConfig([]byte(text)); err != nil || c.Enabled() {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
}

func TestBadConfigNamesItsKey(t *testing.T) {
	tests := map[string]string{
		`{"websocket":[]}`:                                           "websocket: must be a section",
		`{"websocket":{"port":"8080"}}`:                              "websocket.port: must be a whole number",
		`{"websocket":{"port":1.5}}`:                                 "websocket.port: must be a whole number",
		`{"websocket":{"port":70000}}`:                               "websocket.port: must be 0 to 65535",
		`{"websocket":{"approvedSocketDomains":"localhost"}}`:        "websocket.approvedSocketDomains: must be a list of strings",
		`{"websocket":{"approvedSocketDomains":["a","(?=b)"]}}`:      `websocket.approvedSocketDomains[1]: pattern "(?=b)"`,
		`{"websocket":{"approvedSocketDomains":["(a)\\1"]}}`:         "backreferences",
		`{"websocket":{"approvedSocketDomains":["a",null]}}`:         "websocket.approvedSocketDomains: must be a list of strings",
		`{"websocket":{"userEvents":"some"}}`:                        "websocket.userEvents: must be all or restricted",
		`{"websocket":{"socketApiKey":"k\n"}}`:                       "websocket.socketApiKey: must not begin or end with white space",
		`{"websocket":{"documentEvents":1}}`:                         "websocket.documentEvents: must be a boolean",
		"{\"websocket\":{\n\"port\" 1}}":                             "line 2",
		`{"websocket":{"approvedSocketDomains":["localhost",,"x"]}}`: "line 1",
		`[]`:                              "must be a JSON object",
		`{"websocket":{}} // no comments`: "line 1",
	}
	for text, want := range tests {
		if c, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", text, c, err, want)
		}
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Error(err)
	}
}

func TestUnanchoredPatternsAreWarnedOf(t *testing.T) {
	for pattern, fine := range map[string]bool{
		`^localhost$`: true, `^.+\.example\.com$`: true, `^(a|b)$`: true, `(^a$)|(^b$)`: true, `^a$|^b$`: true,
		`localhost`: false, `^a`: false, `a$`: false, `^a|b$`: false, `^a\$`: false, `\^a$`: false, ``: false, `[^a]$`: false,
	} {
		warnings := Config{ApprovedSocketDomains: []string{"^x$", pattern}}.Warnings()
		if fine != (len(warnings) == 0) {
			t.Errorf("%q: %q", pattern, warnings)
		}
		if !fine && len(warnings) == 1 && !strings.HasPrefix(warnings[0], "websocket.approvedSocketDomains[1]: pattern ") {
			t.Errorf("%q: %q", pattern, warnings)
		}
	}
}

func TestDomainsOfTheEnvironment(t *testing.T) {
	for text, want := range map[string][]string{
		"":              {},
		" a  ^b$\n":     {"a", "^b$"},
		`["a b", "c",]`: {"a b", "c"},
		`[a-z]+`:        nil,
		`["a",null]`:    nil,
	} {
		got, err := ParseDomains(text)
		if (err == nil) != (want != nil) || err == nil && strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestNoOriginIsNeverApproved(t *testing.T) {
	origins, err := Config{UserEvents: All, ApprovedSocketDomains: []string{""}}.Compile()
	if err != nil || origins.approve("") || !origins.approve("x") {
		t.Errorf("%v %v", origins, err)
	}
}

// The verdicts are those that were recorded of the original (spec §2).
func TestOriginsAreApproved(t *testing.T) {
	origins, err := Config{UserEvents: All, ApprovedSocketDomains: []string{
		"localhost", "^ws://www.webinate.net:123$", `^webinate\.net:80$`, `^example\.com$`, `^.+\.example\.com$`, `^example\.org`,
		`^.+\.example\.org`,
	}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{
		"localhost": true, "http://localhost": true, "https://localhost:4200": true, "http://notlocalhost.evil.com": true,
		"LOCALHOST": false, "badhost": false, "null": false, "": false,
		"example.com": true, "http://example.com": false, "http://www.example.com": true, "https://a.b.example.com": true,
		"a.example.com.evil": false, "example.org.evil.net": true, "http://example.org": false,
		"ws://www.webinate.net:123": true, "ws://wwwXwebinate.net:123": true, "webinate.net:80": true, "http://x.example.org:8080": true,
	} {
		if got := origins.approve(origin); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
}

// Whatever a file holds, reading it ends well, with what can be served.
func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(published))
	f.Add([]byte(`{"websocket":{"port":1,"approvedSocketDomains":["^a,]$","\",}",],"userEvents":"all",},}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if json.Valid(text) && string(withoutTrailingCommas(text)) != string(text) {
			t.Fatalf("%q is changed", text)
		}
		c, err := ParseConfig(text)
		if err != nil {
			return
		}
		if _, err := New(Options{Config: c}); err != nil {
			t.Fatal(err)
		}
		if len(c.Warnings()) > len(c.ApprovedSocketDomains) {
			t.Fatal(c.Warnings())
		}
	})
}
