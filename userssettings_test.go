package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nightwire/realtime/users"
	"nightwire/realtime/wire"
)

// published is the section of the published document, in braces. Its list ends with a comma, which is no JSON.
const published = `{
"websocket": {
    "port": 8080,
    "approvedSocketDomains": [
        "localhost",
        "^ws://www.webinate.net:123$",
        "^webinate\\.net:80$",
        "^example\\.com$",
        "^.+\\.example\\.com$",
        "^example\\.org",
        "^.+\\.example\\.org",
    ]
}
}`

// configFile writes a file and returns its name.
func configFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestUsersDefaults(t *testing.T) {
	s, err := readSettings(lookupIn(nil))
	want := users.Options{
		Config: users.Config{DocumentEvents: true, UserEvents: users.All}, EchoRate: 20, Wire: wire.Options{MaxMessage: 1 << 20},
	}
	if err != nil || s.users.Config.Enabled() || !reflect.DeepEqual(s.users, want) || s.usersWarnings() != nil {
		t.Errorf("%+v, %v", s.users, err)
	}
}

func TestPublishedConfigIsTaken(t *testing.T) {
	s, err := readSettings(lookupIn(map[string]string{"USERS_CONFIG": configFile(t, published)}))
	if err != nil {
		t.Fatal(err)
	}
	domains := s.users.Config.ApprovedSocketDomains
	if s.usersAddress() != "127.0.0.1:8080" || len(domains) != 7 || domains[4] != `^.+\.example\.com$` || !s.users.Config.DocumentEvents || s.users.Config.OpenMeta {
		t.Errorf("at %s: %+v", s.usersAddress(), s.users.Config)
	}
	warnings := s.usersWarnings()
	for _, loose := range []string{"localhost", `^example\\.org`, `^.+\\.example\\.org`} {
		if !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, `"`+loose+`"`) }) {
			t.Errorf("nothing warns of %s: %q", loose, warnings)
		}
	}
	if len(warnings) != 3 {
		t.Errorf("%q", warnings)
	}
}

// What is given as an example can be used as it stands, and approves the pages of this machine.
func TestExampleOfConfig(t *testing.T) {
	s, err := readSettings(lookupIn(map[string]string{"USERS_CONFIG": "config.example.json"}))
	if err != nil || s.usersAddress() != "127.0.0.1:8063" || s.usersWarnings() != nil {
		t.Fatalf("at %s: %q, %v", s.usersAddress(), s.usersWarnings(), err)
	}
	origins, err := s.users.Config.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for origin, approved := range map[string]bool{
		"http://127.0.0.1:1337": true, "localhost": true, "https://localhost:4200": true, "https://a.example.com": true,
		"http://notlocalhost.evil.com": false, "https://example.com.evil.net": false,
	} {
		if slices.ContainsFunc(origins, func(p *regexp.Regexp) bool { return p.MatchString(origin) }) != approved {
			t.Errorf("%s: approved is not %v", origin, approved)
		}
	}
}

// The environment wins over the file, key by key.
func TestUsersSettings(t *testing.T) {
	type env = map[string]string
	const file = `{"websocket":{"host":"::1","port":8063,"approvedSocketDomains":["^a$"],"socketApiKey":"k","documentEvents":false,"userEvents":"restricted","openMeta":true,"x":1},"ssl":{}}`
	inFile := users.Config{
		Host: "::1", Port: 8063, ApprovedSocketDomains: []string{"^a$"}, SocketAPIKey: "k", UserEvents: users.Restricted, OpenMeta: true,
	}
	for _, c := range []struct {
		env     env
		address string
		want    func(c *users.Config)
	}{
		{env{}, "[::1]:8063", func(*users.Config) {}},
		{env{"USERS_PORT": "0"}, "[::1]:0", func(c *users.Config) { c.Port = 0 }},
		{env{"users_port": "9000", "USERS_HOST": "0.0.0.0"}, "0.0.0.0:9000", func(c *users.Config) { c.Host, c.Port = "0.0.0.0", 9000 }},
		{env{"USERS_APPROVED_DOMAINS": `^b$  ^c\.d$`}, "[::1]:8063", func(c *users.Config) { c.ApprovedSocketDomains = []string{"^b$", `^c\.d$`} }},
		{env{"USERS_APPROVED_DOMAINS": `["^b c$", "^d\\.e$",]`}, "[::1]:8063", func(c *users.Config) { c.ApprovedSocketDomains = []string{"^b c$", `^d\.e$`} }},
		{env{"USERS_SOCKET_API_KEY": "other", "USERS_DOCUMENT_EVENTS": "true"}, "[::1]:8063", func(c *users.Config) { c.SocketAPIKey, c.DocumentEvents = "other", true }},
		{env{"USERS_USER_EVENTS": "all", "USERS_OPEN_META": "off"}, "[::1]:8063", func(c *users.Config) { c.UserEvents, c.OpenMeta = users.All, false }},
	} {
		want := inFile
		c.want(&want)
		c.env["USERS_CONFIG"] = configFile(t, file)
		s, err := readSettings(lookupIn(c.env))
		if err != nil || !reflect.DeepEqual(s.users.Config, want) || s.usersAddress() != c.address {
			t.Errorf("%v: %+v at %s, %v", c.env, s.users.Config, s.usersAddress(), err)
		}
	}
	s, err := readSettings(lookupIn(env{"USERS_PORT": "1", "LISTEN": "[::]:2", "USERS_MAX_MESSAGE": "2048", "USERS_ECHO_RATE": "3"}))
	if err != nil || s.usersAddress() != "[::]:1" || s.users.Wire.MaxMessage != 2048 || s.users.EchoRate != 3 {
		t.Errorf("%+v at %s, %v", s.users, s.usersAddress(), err)
	}
	if warnings := s.usersWarnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "nobody may connect") {
		t.Errorf("%q", warnings)
	}
}

func TestBadUsersSettings(t *testing.T) {
	for name, values := range map[string][]string{
		"USERS_PORT":             {"-1", "65536", "x", "1337", "01337"},
		"USERS_APPROVED_DOMAINS": {"^a$ (", `["a"`, `[1]`, `(?=a)`},
		"USERS_DOCUMENT_EVENTS":  {"yes, please"},
		"USERS_USER_EVENTS":      {"some", "All"},
		"USERS_OPEN_META":        {"2"},
		"USERS_MAX_MESSAGE":      {"0", "1M", "16777217"},
		"USERS_ECHO_RATE":        {"0", "-1", "x"},
	} {
		for _, value := range values {
			refuses(t, name, value, name)
		}
	}
}

// A bad file stops the start, and the error names it, the key and the pattern.
func TestBadUsersConfig(t *testing.T) {
	for text, says := range map[string]string{
		`{"websocket": {"port": 8063,, }}`:             "line 1",
		`[]`:                                           "JSON object",
		`{"websocket": []}`:                            "websocket: ",
		`{"websocket": {"port": 65536}}`:               "websocket.port: ",
		`{"websocket": {"port": "hunter2"}}`:           "websocket.port: ",
		`{"websocket": {"port": 1337}}`:                "websocket.port: must not be the port of the server, 1337",
		`{"websocket": {"socketApiKey": ["hunter2"]}}`: "websocket.socketApiKey: ",
		`{"websocket": {"approvedSocketDomains": ["^a$", "(?!evil)a"]}}`:       `websocket.approvedSocketDomains[1]: pattern "(?!evil)a"`,
		`{"websocket": {"approvedSocketDomains": "a"}}`:                        "websocket.approvedSocketDomains: ",
		`{"websocket": {"userEvents": "none", "socketApiKey": "the hunter2"}}`: "websocket.userEvents: ",
	} {
		file := configFile(t, text)
		refuses(t, "USERS_CONFIG", file, "USERS_CONFIG: "+file)
		if _, err := readSettings(lookupIn(map[string]string{"USERS_CONFIG": file})); err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
	refuses(t, "USERS_CONFIG", "/nowhere/config.json", "USERS_CONFIG")
}
