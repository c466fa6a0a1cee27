package security

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// account is a subject as it is judged.
type account struct {
	id     string
	name   string
	digest string
	token  string
	fields object
	rights *rights
}

// roles are the names of the subject's roles; anything but an array of strings is none (spec §6).
func (a *account) roles() []string { return decodeTexts(a.fields.get("roles")) }

// role is a stored or built-in role.
type role struct {
	id     string // "" for a built-in one
	name   string
	fields object
}

// permissions is the field as it was written: a string or an array; an empty array when it is neither.
func (r *role) permissions() json.RawMessage {
	value := r.fields.get("permissions")
	if len(value) > 0 && (value[0] == '"' || value[0] == '[') {
		return value
	}
	return json.RawMessage("[]")
}

// granted are the permissions one by one.
func (r *role) granted() []string {
	value := r.permissions()
	if s, ok := decodeText(value); ok {
		return []string{s}
	}
	return decodeTexts(value)
}

// builtIn are the roles that exist without being stored (spec §5). A stored role of the same name takes its place.
var builtIn = []struct{ name, permission string }{
	{"activity", "api:activity:create"},
	{"admin", "*"},
	{"careportal", "api:treatments:create"},
	{"denied", ""},
	{"devicestatus-upload", "api:devicestatus:create"},
	{"readable", "*:*:read"},
	{"status-only", "api:status:read"},
}

// snapshot is everything the Guard knows about accounts, as of one version. It never changes.
type snapshot struct {
	version  uint64
	kept     map[AccountKind][]Record
	subjects []*account // by name
	roles    []*role    // by name
	byID     map[string]*account
	byName   map[string]*role
	byNames  map[string]*account // the first of each name
	tokens   tokens
	defaults rights
}

// takeSnapshot reads all accounts. Errors: ErrUnavailable, or internal.
func (g *Guard) takeSnapshot(ctx context.Context, version uint64) (*snapshot, error) {
	roles, err := g.accounts.List(ctx, Roles)
	if err != nil {
		return nil, fmt.Errorf("listing roles: %w", err)
	}
	subjects, err := g.accounts.List(ctx, Subjects)
	if err != nil {
		return nil, fmt.Errorf("listing subjects: %w", err)
	}
	return g.newSnapshot(version, map[AccountKind][]Record{Roles: roles, Subjects: subjects})
}

// newSnapshot is what the Guard knows when these accounts are kept. Errors are internal.
func (g *Guard) newSnapshot(version uint64, kept map[AccountKind][]Record) (*snapshot, error) {
	s := &snapshot{
		version: version, kept: kept, byID: map[string]*account{}, byName: map[string]*role{}, byNames: map[string]*account{},
		tokens: tokens{},
	}
	if err := s.addRoles(kept[Roles]); err != nil {
		return nil, err
	}
	s.defaults = *s.compile(g.defaultRoles)
	if err := s.addSubjects(kept[Subjects], g); err != nil {
		return nil, err
	}
	return s, nil
}

// with is the snapshot as it would be after an account was written (without JSON: deleted). Errors are internal.
func (s *snapshot) with(g *Guard, kind AccountKind, r Record) (*snapshot, error) {
	kept := maps.Clone(s.kept)
	kept[kind] = slices.DeleteFunc(slices.Clone(kept[kind]), func(other Record) bool { return other.ID == r.ID })
	if r.JSON != nil {
		kept[kind] = append(kept[kind], r)
	}
	return g.newSnapshot(s.version, kept)
}

func (s *snapshot) addRoles(records []Record) error {
	for _, r := range records {
		fields, err := parseObject(r.JSON)
		if err != nil {
			return fmt.Errorf("role %s: %w", r.ID, asInternal(err))
		}
		s.roles = append(s.roles, &role{r.ID, fields.text("name"), fields})
	}
	slices.SortFunc(s.roles, func(a, b *role) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id)) })
	for _, r := range s.roles {
		if s.byName[r.name] == nil {
			s.byName[r.name] = r
		}
	}
	for _, b := range builtIn {
		if s.byName[b.name] == nil {
			r := newBuiltIn(b.name, b.permission)
			s.byName[b.name] = r
			s.roles = append(s.roles, r)
		}
	}
	slices.SortStableFunc(s.roles, func(a, b *role) int { return strings.Compare(a.name, b.name) })
	return nil
}

func newBuiltIn(name, permission string) *role {
	permissions := "[]"
	if permission != "" {
		permissions = `["` + permission + `"]`
	}
	return &role{"", name, object{{"name", encodeText(name)}, {"permissions", json.RawMessage(permissions)}}}
}

func (s *snapshot) addSubjects(records []Record, g *Guard) error {
	for _, r := range records {
		fields, err := parseObject(r.JSON)
		if err != nil {
			return fmt.Errorf("subject %s: %w", r.ID, asInternal(err))
		}
		a := &account{id: r.ID, name: fields.text("name"), digest: g.secret.digest(r.ID), fields: fields}
		a.token = accessToken(a.name, a.digest)
		a.rights = s.compile(append(a.roles(), g.defaultRoles...))
		s.subjects = append(s.subjects, a)
		s.byID[a.id] = a
	}
	slices.SortFunc(s.subjects, func(a, b *account) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id)) })
	for _, a := range s.subjects {
		s.tokens.add(a)
		if s.byNames[a.name] == nil {
			s.byNames[a.name] = a
		}
	}
	return nil
}

// asInternal takes the blame off the client who happens to ask while a stored account is damaged.
func asInternal(err error) error { return errors.New(err.Error()) }

// compile joins the permissions of roles; unknown roles grant nothing.
func (s *snapshot) compile(roles []string) *rights {
	r := new(rights)
	for _, name := range unique(roles) {
		if role := s.byName[name]; role != nil {
			for _, p := range role.granted() {
				r.add(p)
			}
		}
	}
	return r
}

// rightsOf are the rights of an identity; whoever is no longer a subject has the default ones.
func (s *snapshot) rightsOf(id Identity) *rights {
	if id.kind == subject {
		if a := s.byID[id.subject]; a != nil {
			return a.rights
		}
	}
	return &s.defaults
}

// unique leaves out repetitions and keeps the order.
func unique(names []string) []string {
	var once []string
	for _, n := range names {
		if !slices.Contains(once, n) {
			once = append(once, n)
		}
	}
	return once
}
