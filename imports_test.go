package main

import (
	"encoding/json"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// arrows says which packages of this module each package may import. Paths are below the module; * is one folder name.
// The first row that matches a package holds; a package without a row has no place in the house yet.
var arrows = []struct {
	from string
	may  []string
	rule string
}{
	{"", []string{"*", "*/*", "*/*/*"}, "main puts the parts together"},
	{"bench", []string{"*", "*/*", "*/*/*"}, "measurements may look at everything"},
	{"security", nil, "security imports nothing of ours"},
	{"public", nil, "public imports nothing of ours"},
	{"storage", []string{"security"}, "storage imports security and no engine"},
	{"storage/*", []string{"storage", "security"}, "an engine imports storage, and no other engine"},
	{"realtime", []string{"storage", "security"}, "realtime imports storage, never api or a protocol"},
	{"realtime/wire", nil, "the wire imports nothing of ours"},
	{"realtime/*", []string{"realtime", "realtime/wire", "storage", "security"}, "a protocol imports realtime, and no other protocol"},
	{"realtime/*/*", []string{"realtime/wire"}, "what lies below a protocol imports nothing of ours but the wire"},
	{"api", []string{"storage", "security"}, "api imports storage, never realtime"},
	{"api/*", []string{"api", "storage", "security"}, "a version of the API imports api, and no other version"},
}

// unruly names the rule that this import breaks, "" when it breaks none.
func unruly(from, to string) string {
	for _, arrow := range arrows {
		if !matches(arrow.from, from) {
			continue
		}
		if path.Dir(from) == "realtime" && path.Dir(to) == from {
			return "" // a protocol's own lower half
		}
		for _, allowed := range arrow.may {
			if matches(allowed, to) {
				return ""
			}
		}
		return arrow.rule
	}
	return "no rule says what this package may import: add it to arrows"
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func TestImportsPointTheRightWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	const module = "nightwire"
	for list := json.NewDecoder(strings.NewReader(string(out))); list.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := list.Decode(&p); err != nil {
			t.Fatal(err)
		}
		from := strings.Trim(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			if rule := unruly(from, to); rule != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, rule)
			}
		}
	}
}

func TestUnruly(t *testing.T) {
	tests := []struct {
		from, to string
		fine     bool
	}{
		{"", "storage/sqlite", true},
		{"storage", "security", true},
		{"security", "storage", false},
		{"storage", "storage/sqlite", false},
		{"storage", "realtime", false},
		{"storage/sqlite", "storage", true},
		{"storage/mongo", "storage/sqlite", false},
		{"realtime", "realtime/socketio", false},
		{"realtime", "api", false},
		{"realtime/socketio", "realtime/socketio/engineio", true},
		{"realtime/socketio", "realtime/wire", true},
		{"realtime/socketio", "realtime/directus", false},
		{"realtime/socketio/engineio", "realtime", false},
		{"realtime/socketio/engineio", "realtime/wire", true},
		{"realtime/wire", "realtime", false},
		{"api", "realtime", false},
		{"api/v3", "api/v2", false},
		{"api/v3", "api", true},
		{"elsewhere", "storage", false},
	}
	for _, tt := range tests {
		if rule := unruly(tt.from, tt.to); (rule == "") != tt.fine {
			t.Errorf("%s imports %s: %q", tt.from, tt.to, rule)
		}
	}
}
