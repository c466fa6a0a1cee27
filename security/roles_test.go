package security

import (
	"slices"
	"testing"
)

// A subject's roles are told as they are kept: in order, once each, also those that there are not, without the default ones.
func TestRolesOf(t *testing.T) {
	m := populated()
	m.keep(Subjects, adminID, `{"name":"boss","roles":["reading","gone","reading"]}`)
	g := newTestGuard(t, m, func(o *Options) { o.DefaultRoles = []string{"status-only"} })
	boss := mustIdentify(t, g, tokenOf(g, adminID, "boss"))
	for who, want := range map[Identity][]string{boss: {"reading", "gone"}, Operator(): nil, Anonymous(): nil} {
		roles, err := g.RolesOf(t.Context(), who)
		if err != nil || !slices.Equal(roles, want) {
			t.Errorf("%v: %q, %v", who, roles, err)
		}
	}
	if err := g.Remove(t.Context(), Operator(), Subjects, adminID); err != nil {
		t.Fatal(err)
	}
	if roles, err := g.RolesOf(t.Context(), boss); err != nil || len(roles) != 0 {
		t.Errorf("removed: %q, %v", roles, err)
	}
}
