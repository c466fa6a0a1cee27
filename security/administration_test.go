package security

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"
)

var clock = func(o *Options) {
	o.Now = func() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 7_000_000, time.UTC) }
}

const createdAt = `"created_at":"2026-11-21T09:00:00.007Z"`

var anyID = regexp.MustCompile(`"_id":"[0-9a-f]{24}"`)

func TestCreate(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"as recorded", `{"name":"golden all","roles":["golden-all"],"notes":""}`, `{"name":"golden all","roles":["golden-all"],"notes":"",` + createdAt + `,"_id":"ID"}`},
		{"keeps created_at and extra fields", `{"name":"x","created_at":"2020","extra":{"a":1}}`, `{"name":"x","created_at":"2020","extra":{"a":1},"_id":"ID"}`},
		{"null roles", `{ "name" : "<é>" , "roles" : null }`, `{"name":"<é>","roles":null,` + createdAt + `,"_id":"ID"}`},
		{"own _id is not honoured", `{"_id":"` + readerID + `","name":"x"}`, `{"name":"x",` + createdAt + `,"_id":"ID"}`},
		{"duplicate names", `{"name":"a","b":1,"name":"c"}`, `{"name":"c","b":1,` + createdAt + `,"_id":"ID"}`},
	} {
		m := populated()
		g := newTestGuard(t, m, clock)
		got, err := g.Create(t.Context(), Operator(), Subjects, []byte(c.body))
		if err != nil || anyID.ReplaceAllString(string(got), `"_id":"ID"`) != c.want {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
		if len(m.kept[Subjects]) != 3 || string(m.kept[Subjects][readerID]) != `{"name":"The Reader","roles":["reading"]}` {
			t.Errorf("%s: kept %s", c.name, m.kept[Subjects])
		}
	}
}

func TestAccountsThatBreakARule(t *testing.T) {
	g := newTestGuard(t, populated())
	for body, message := range map[string]string{
		`{}`:                  "Missing name",
		`{"name":""}`:         "Missing name",
		`{"name":" \t"}`:      "Missing name",
		`{"name":7}`:          "Missing name",
		`{"name":null}`:       "Missing name",
		`{"name":["x"]}`:      "Missing name",
		`[{"name":"x"}]`:      "Body is not a JSON object",
		`7`:                   "Body is not a JSON object",
		``:                    "Body is not JSON",
		`{"name":`:            "Body is not JSON",
		"{\"name\":\"\xff\"}": "Body is not JSON",
	} {
		for _, kind := range []AccountKind{Subjects, Roles} {
			_, err := g.Create(t.Context(), Operator(), kind, []byte(body))
			if !errors.Is(err, ErrInvalid) || err.Error() != message {
				t.Errorf("%s %s: %v", kind, body, err)
			}
		}
	}
}

func TestReplace(t *testing.T) {
	m := populated()
	g := newTestGuard(t, m, clock)
	for _, c := range []struct{ body, want, complaint string }{
		{`{"_id":"` + readerID + `","name":"n","roles":["denied"],"notes":"x"}`, `{"_id":"` + readerID + `","name":"n","roles":["denied"],"notes":"x",` + createdAt + `}`, ""},
		{`{"name":"n","_id":"AAAAAAAAAAAAAAAAAAAAAAAA"}`, `{"name":"n","_id":"AAAAAAAAAAAAAAAAAAAAAAAA",` + createdAt + `}`, ""},
		{`{"name":"x"}`, "", "Missing _id for update"},
		{`{"_id":null,"name":"x"}`, "", "Missing _id for update"},
		{`{"_id":"","name":"x"}`, "", "Missing _id for update"},
		{`{"_id":"nope","name":"x"}`, "", "Invalid _id format: nope"},
		{`{"_id":12,"name":"x"}`, "", "Invalid _id format: 12"},
		{`{"_id":{"$oid":"` + readerID + `"},"name":"x"}`, "", `Invalid _id format: {"$oid":"` + readerID + `"}`},
		{`{"_id":"` + readerID + `"}`, "", "Missing name"},
	} {
		got, err := g.Replace(t.Context(), Operator(), Subjects, []byte(c.body))
		var invalid *Invalid
		if string(got) != c.want || (err != nil) != (c.complaint != "") || errors.As(err, &invalid) && invalid.Message != c.complaint {
			t.Errorf("%s: %s, %v", c.body, got, err)
		}
	}
	if kept := string(m.kept[Subjects][readerID]); kept != `{"name":"n","roles":["denied"],"notes":"x",`+createdAt+`}` {
		t.Errorf("kept %s", kept)
	}
	if _, ok := m.kept[Subjects][adminID]; !ok {
		t.Error("the id is not kept in lower case")
	}
}

func TestRemove(t *testing.T) {
	g := newTestGuard(t, populated())
	for _, id := range []string{readerID, readerID, "bbbbbbbbbbbbbbbbbbbbbbbb"} {
		if err := g.Remove(t.Context(), Operator(), Subjects, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	var invalid *Invalid
	if err := g.Remove(t.Context(), Operator(), Subjects, "xyz"); !errors.As(err, &invalid) || invalid.Message != "" {
		t.Errorf("bad id: %v", err)
	}
}

func TestList(t *testing.T) {
	m := populated()
	m.keep(Subjects, "cccccccccccccccccccccccc", `{"name":"Alpha","notes":"n","roles":null,"created_at":"x"}`)
	m.keep(Roles, adminID, `{"name":"readable","notes":"mine","permissions":[]}`)
	g := newTestGuard(t, m)
	subjects, err := g.List(t.Context(), Operator(), Subjects)
	want := `[{"_id":"cccccccccccccccccccccccc","name":"Alpha","accessToken":"` + tokenOf(g, "cccccccccccccccccccccccc", "alpha") + `","roles":null},` +
		`{"_id":"` + readerID + `","name":"The Reader","accessToken":"` + readerToken + `","roles":["reading"]},` +
		`{"_id":"` + adminID + `","name":"boss","accessToken":"` + tokenOf(g, adminID, "boss") + `","roles":["admin"]}]`
	if err != nil || string(subjects) != want {
		t.Errorf("subjects %s, %v\nwant %s", subjects, err, want)
	}
	roles, err := g.List(t.Context(), Operator(), Roles)
	want = `[{"name":"activity","permissions":["api:activity:create"]},{"name":"admin","permissions":["*"]},` +
		`{"name":"careportal","permissions":["api:treatments:create"]},{"name":"denied","permissions":[]},` +
		`{"name":"devicestatus-upload","permissions":["api:devicestatus:create"]},` +
		`{"_id":"` + adminID + `","name":"readable","notes":"mine","permissions":[]},` +
		`{"_id":"` + roleID + `","name":"reading","permissions":"api:*:read"},{"name":"status-only","permissions":["api:status:read"]}]`
	if err != nil || string(roles) != want {
		t.Errorf("roles %s, %v\nwant %s", roles, err, want)
	}
}

// Each call asks for its own permission and for no other.
func TestAdministrationPermissions(t *testing.T) {
	calls := map[Permission]func(*Guard, Identity) error{
		"admin:api:subjects:read":   func(g *Guard, who Identity) error { _, err := g.List(t.Context(), who, Subjects); return err },
		"admin:api:subjects:create": func(g *Guard, who Identity) error { _, err := g.Create(t.Context(), who, Subjects, nil); return err },
		"admin:api:subjects:update": func(g *Guard, who Identity) error { _, err := g.Replace(t.Context(), who, Subjects, nil); return err },
		"admin:api:subjects:delete": func(g *Guard, who Identity) error { return g.Remove(t.Context(), who, Subjects, "") },
		"admin:api:roles:list":      func(g *Guard, who Identity) error { _, err := g.List(t.Context(), who, Roles); return err },
		"admin:api:roles:create":    func(g *Guard, who Identity) error { _, err := g.Create(t.Context(), who, Roles, nil); return err },
		"admin:api:roles:update":    func(g *Guard, who Identity) error { _, err := g.Replace(t.Context(), who, Roles, nil); return err },
		"admin:api:roles:delete":    func(g *Guard, who Identity) error { return g.Remove(t.Context(), who, Roles, "") },
	}
	for granted := range calls {
		m := populated()
		m.keep(Roles, roleID, `{"name":"reading","permissions":"`+string(granted)+`"}`)
		g := newTestGuard(t, m)
		who := mustIdentify(t, g, readerToken)
		for needed, call := range calls {
			if err := call(g, who); errors.Is(err, ErrForbidden) != (needed != granted) {
				t.Errorf("with %s, call that needs %s: %v", granted, needed, err)
			}
		}
	}
}

func TestKnownPermissions(t *testing.T) {
	g := newTestGuard(t, populated(), func(o *Options) { o.Known = []Permission{"api:entries,food:read", "api:*:read", "api:*:read"} })
	known, err := g.Permissions(t.Context(), Operator())
	if err != nil || len(known) != 11 || !slices.IsSorted(known) || !slices.Contains(known, "admin:api:roles:list") {
		t.Errorf("%v, %v", known, err)
	}
	trie, err := g.PermissionTrie(t.Context(), Operator())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(trie["api"])
	if err != nil || string(text) != `{"*":{"read":{"*":{}}},"entries":{"read":{"*":{}}},"food":{"read":{"*":{}}}}` {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := g.PermissionTrie(t.Context(), mustIdentify(t, g, readerToken)); !errors.Is(err, ErrForbidden) {
		t.Errorf("reader: %v", err)
	}
}

func TestFailedWriteRaisesTheVersion(t *testing.T) {
	m := populated()
	g := newTestGuard(t, m)
	if _, err := g.current(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.failWith(ErrUnavailable)
	version := g.Version()
	if _, err := g.Create(t.Context(), Operator(), Subjects, []byte(`{"name":"x"}`)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if g.Version() == version {
		t.Error("a write whose outcome is unknown leaves the version")
	}
}

func TestEnsureSubject(t *testing.T) {
	m := newMemory()
	g := newTestGuard(t, m)
	first, err := g.EnsureSubject(t.Context(), "admin", "admin")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Check(t.Context(), mustIdentify(t, g, first), "admin:api:subjects:read"); err != nil {
		t.Error(err)
	}
	again, err := g.EnsureSubject(t.Context(), "admin", "admin")
	if err != nil || again != first || len(m.kept[Subjects]) != 1 {
		t.Errorf("%s then %s, %v, %d subjects", first, again, err, len(m.kept[Subjects]))
	}
}
