package main

import (
	"cmp"
	"os"
	"strings"
	"testing"
	"time"
)

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

func TestSettingsDefaults(t *testing.T) {
	s, err := readSettings(lookupIn(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.address(); got != "127.0.0.1:1337" {
		t.Errorf("address %s", got)
	}
	if s.dataDir != "./data" || s.maxLimit != 1000 || s.failDelay != 5*time.Second || !s.security {
		t.Errorf("defaults %+v", s)
	}
	if len(s.defaultRoles) != 1 || s.defaultRoles[0] != "denied" {
		t.Errorf("default roles %v", s.defaultRoles)
	}
}

func TestSettingsNames(t *testing.T) {
	for _, name := range []string{"PORT", "port", "CUSTOMCONNSTR_PORT", "CUSTOMCONNSTR_port"} {
		s, err := readSettings(lookupIn(map[string]string{name: "4711"}))
		if err != nil || s.port != "4711" {
			t.Errorf("%s: %q, %v", name, s.port, err)
		}
	}
}

func TestAutoprune(t *testing.T) {
	s, err := readSettings(lookupIn(map[string]string{"API3_AUTOPRUNE_DEVICESTATUS": "2", "CUSTOMCONNSTR_api3_autoprune_food": "0.5"}))
	if err != nil || len(s.prune) != 2 || s.prune["devicestatus"] != 48*time.Hour || s.prune["food"] != 12*time.Hour {
		t.Errorf("%v, %v", s.prune, err)
	}
}

func TestHostname(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ hostname, listen, want string }{
		{"0.0.0.0", "", "0.0.0.0:1337"},
		{own, "", "127.0.0.1:1337"},
		{own, "[::1]:80", "[::1]:80"},
	} {
		s, err := readSettings(lookupIn(map[string]string{"HOSTNAME": c.hostname, "LISTEN": c.listen}))
		if err != nil || s.address() != c.want {
			t.Errorf("HOSTNAME=%s LISTEN=%s: %s, %v; want %s", c.hostname, c.listen, s.address(), err, c.want)
		}
	}
}

func TestTestRoute(t *testing.T) {
	for _, c := range []struct {
		env, ci string
		want    bool
	}{{"", "", true}, {"development", "", true}, {"test", "", true}, {"production", "", false}, {"production", "true", true}} {
		s, err := readSettings(lookupIn(map[string]string{"NODE_ENV": c.env, "CI": c.ci}))
		if err != nil || s.testRoute != c.want {
			t.Errorf("%+v: %v, %v", c, s.testRoute, err)
		}
	}
}

func TestEnable(t *testing.T) {
	for value, want := range map[string]bool{"": false, "cors": true, "careportal CORS": true, "a,cors,b": true, "corsair": false} {
		s, err := readSettings(lookupIn(map[string]string{"ENABLE": value}))
		if err != nil || s.cors != want {
			t.Errorf("%s: %v, %v", value, s.cors, err)
		}
	}
}

func TestBadSettingsAreNamedAndSecretsAreNot(t *testing.T) {
	for name, value := range map[string]string{
		"PORT": "http", "LISTEN": "here", "BASE_PATH": "/a?b", "API_SECRET": "hunter2", "AUTH_FAIL_DELAY": "-1", "API3_SECURITY_ENABLE": "maybe",
		"API3_MAX_LIMIT": "0", "MONGODB_URI": "http://user:hunter2@db/x", "MONGO_CONNECTION": "user:hunter2@db/x",
		"MONGO_COLLECTION": "nightwire_meta", "MONGO_FOOD_COLLECTION": "a$b", "MONGO_AUTHENTICATION_COLLECTIONS_PREFIX": "system.", "CHANGES": "some", "HISTORY_HOLDBACK": "0",
		"API3_AUTOPRUNE_ENTRIES": "0", "API3_AUTOPRUNE_SETTINGS": "never", "SEARCH_TIMEOUT": "1s", "JOURNAL_DAYS": "0", "JOURNAL_MB": "x", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml",
		"INSECURE_USE_HTTP": "perhaps", "TRUSTED_PROXIES": "10.0.0.0/40", "CORS_ALLOW_ORIGIN": "https://page.example/",
	} {
		first := map[string]string{"MONGO_CONNECTION": "MONGODB_URI", "MONGO_COLLECTION": "ENTRIES_COLLECTION"}
		refuses(t, name, value, cmp.Or(first[name], name))
	}
}

// refuses expects an error that holds this name of the setting, and no secret.
func refuses(t *testing.T, name, value, shown string) {
	t.Helper()
	_, err := readSettings(lookupIn(map[string]string{name: value}))
	if err == nil {
		t.Errorf("%s=%s is accepted", name, value)
		return
	}
	if !strings.Contains(err.Error(), shown+":") {
		t.Errorf("%s=%s: the error does not name it: %v", name, value, err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%s: the error shows the secret: %v", name, err)
	}
}

func TestReadmeHasTheTableOfSettings(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	printSettings(&table)
	if !strings.Contains(string(readme), "<!-- settings -->\n"+table.String()+"<!-- /settings -->") {
		t.Errorf("README.md must hold, between the settings marks:\n%s", table.String())
	}
}
