package security

import (
	"context"
	"slices"
	"strings"
)

// The permissions that this package asks for.
const (
	readPermissions Permission = "admin:api:permissions:read"
	listRoles       Permission = "admin:api:roles:list"
	createRole      Permission = "admin:api:roles:create"
	updateRole      Permission = "admin:api:roles:update"
	deleteRole      Permission = "admin:api:roles:delete"
	listSubjects    Permission = "admin:api:subjects:read"
	createSubject   Permission = "admin:api:subjects:create"
	updateSubject   Permission = "admin:api:subjects:update"
	deleteSubject   Permission = "admin:api:subjects:delete"
)

// verbs are the permissions that each kind of account is kept under.
var verbs = map[AccountKind]struct{ list, create, update, delete Permission }{
	Subjects: {listSubjects, createSubject, updateSubject, deleteSubject},
	Roles:    {listRoles, createRole, updateRole, deleteRole},
}

func knownPermissions(others []Permission) []Permission {
	known := []Permission{readPermissions}
	for _, v := range verbs {
		known = append(known, v.list, v.create, v.update, v.delete)
	}
	known = append(known, others...)
	slices.Sort(known)
	return slices.Compact(known)
}

// Permissions lists the permissions that the server knows. Errors: *Forbidden, ErrUnavailable.
func (g *Guard) Permissions(ctx context.Context, who Identity) ([]Permission, error) {
	if err := g.Check(ctx, who, readPermissions); err != nil {
		return nil, err
	}
	return g.known, nil
}

// Trie is the tree form of permissions: a node for each part, and * below the last one.
type Trie map[string]Trie

// PermissionTrie is the list of Permissions as a tree. Errors: *Forbidden, ErrUnavailable.
func (g *Guard) PermissionTrie(ctx context.Context, who Identity) (Trie, error) {
	known, err := g.Permissions(ctx, who)
	if err != nil {
		return nil, err
	}
	root := Trie{}
	for _, p := range known {
		for _, single := range expand(string(p)) {
			root.add(single)
		}
	}
	return root, nil
}

func (t Trie) add(permission string) {
	for name := range strings.SplitSeq(permission, ":") {
		if t[name] == nil {
			t[name] = Trie{}
		}
		t = t[name]
	}
	t["*"] = Trie{}
}
