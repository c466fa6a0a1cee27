package security

import (
	"slices"
	"strings"
	"testing"
)

func TestPermit(t *testing.T) {
	for _, c := range []struct {
		granted, asked string
		want           bool
	}{
		{"api:entries:read", "api:entries:read", true},
		{"api:entries:read", "api:entries:create", false},
		{"api:entries:read", "api:entries:read:extra", true},
		{"api:entries:read:extra", "api:entries:read", false},
		{"api:entries", "api:entries:delete", true},
		{"api:entries", "api:food:read", false},
		{"api:entries", "api:entriesx:read", false},
		{"api:*:read", "api:*:read", true},
		{"api:entries:read", "api:*:read", false},
		{"api:*:read", "api:entries", false},
		{"api:*:read", "api", false},
		{"api:*:*", "api:entries:admin", true},
		{"api:*:*", "admin:api:subjects:read", false},
		{"*", "anything:at:all", true},
		{"*", "", true},
		{"*:*", "one", true},
		{"", "", false},
		{"", "api:entries:read", false},
		{"*:treatments:read", "x:treatments:read:y", true},
		{"*:treatments:read", "api:entries:read", false},
		{"*:*:read", "api:settings:read", true},
		{"*:*:read", "api:settings:admin", false},
		{"api:entries,treatments:read,create", "api:treatments:create", true},
		{"api:entries,treatments:read,create", "api:treatments:delete", false},
		{"api:entries,treatments:read,create", "api:entries,treatments:read,create", true},
		{"api:entries,treatments:read,create", "api:entries,food:read", false},
		{"api:entries,*:read", "api:food:read", true},
		{"api:Entries:read", "api:entries:read", false},
	} {
		var r rights
		r.add(c.granted)
		if got := r.permit(Permission(c.asked)); got != c.want {
			t.Errorf("granted %q, asked %q: %v, want %v", c.granted, c.asked, got, c.want)
		}
	}
}

// The grants of one holder add up: a wildcard beside an exact grant takes nothing away.
func TestPermitByAnyGrant(t *testing.T) {
	var r rights
	r.add("*:*:read")
	r.add("api:treatments:create")
	for _, p := range []Permission{"api:entries:read", "api:treatments:create", "api:entries,treatments:read"} {
		if !r.permit(p) {
			t.Errorf("%s is refused", p)
		}
	}
	if r.permit("api:entries,treatments:create") {
		t.Error("a combination that no grant covers is permitted")
	}
}

func TestTooManyCombinations(t *testing.T) {
	var r rights
	r.add("a,b")
	asked := strings.TrimSuffix(strings.Repeat("a,b:", 40), ":")
	if r.permit(Permission(asked)) {
		t.Error("a permission of 2^40 combinations was judged")
	}
	if !r.permit("a,b:c,d:e,f") {
		t.Error("a permission of 8 combinations was refused")
	}
}

// plainPermit is the rule of the specification written down as plainly as possible.
func plainPermit(granted []string, asked string) bool {
	for _, single := range plainExpand(strings.Split(asked, ":")) {
		if !slices.ContainsFunc(granted, func(g string) bool { return g != "" && plainCovers(g, single) }) {
			return false
		}
	}
	return true
}

func plainExpand(parts []string) [][]string {
	if len(parts) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for _, first := range strings.Split(parts[0], ",") {
		for _, rest := range plainExpand(parts[1:]) {
			all = append(all, append([]string{first}, rest...))
		}
	}
	return all
}

// plainCovers fills the shorter of both up: the asked one with parts that nothing but * matches, the granted one with *.
func plainCovers(granted string, asked []string) bool {
	parts := strings.Split(granted, ":")
	for i := range max(len(parts), len(asked)) {
		want, has := []string{"*"}, "\x00"
		if i < len(parts) {
			want = strings.Split(parts[i], ",")
		}
		if i < len(asked) {
			has = asked[i]
		}
		if !slices.Contains(want, has) && !slices.Contains(want, "*") {
			return false
		}
	}
	return true
}

func FuzzPermit(f *testing.F) {
	f.Add("api:*:read\n*:x,y:*", "api:a,b:read")
	f.Add("*", "")
	f.Add("a:b,*:c:*:*\n", "a:x:c")
	f.Add("a::b", "a::b:c")
	f.Fuzz(func(t *testing.T, granted, asked string) {
		if strings.Count(asked, ",") > 8 || strings.ContainsRune(granted+asked, 0) {
			t.Skip()
		}
		lines := strings.Split(granted, "\n")
		var r rights
		for _, g := range lines {
			r.add(g)
		}
		if got, want := r.permit(Permission(asked)), plainPermit(lines, asked); got != want {
			t.Errorf("granted %q, asked %q: %v, the plain rule says %v", lines, asked, got, want)
		}
	})
}
