package realtimetest

import (
	"context"
	"encoding/json"
	"testing"

	"nightwire/security"
)

// PutRole makes a role with these permissions.
func PutRole(t testing.TB, guard *security.Guard, name string, permissions ...string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"name": name, "permissions": permissions})
	if err == nil {
		_, err = guard.Create(context.Background(), security.Operator(), security.Roles, text)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// PutSubject returns the token of the subject of that name, which is made with one role when there is none.
func PutSubject(t testing.TB, guard *security.Guard, name, role string) (token string) {
	t.Helper()
	token, err := guard.EnsureSubject(context.Background(), name, role)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Remove removes the subjects or roles of that name.
func Remove(t testing.TB, guard *security.Guard, kind security.AccountKind, name string) {
	t.Helper()
	text, err := guard.List(context.Background(), security.Operator(), kind)
	var list []struct {
		ID   string `json:"_id"`
		Name string `json:"name"`
	}
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	for _, one := range list {
		if err == nil && one.Name == name {
			err = guard.Remove(context.Background(), security.Operator(), kind, one.ID)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
