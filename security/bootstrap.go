package security

import (
	"context"
	"encoding/json"
	"fmt"
)

// EnsureSubject returns the access token of the subject with that name, which is created with these roles if there is none.
// It is for the program's first start. Errors: ErrUnavailable.
func (g *Guard) EnsureSubject(ctx context.Context, name string, roles ...string) (string, error) {
	s, err := g.current(ctx)
	if err != nil {
		return "", err
	}
	for _, a := range s.subjects {
		if a.name == name {
			return a.token, nil
		}
	}
	body, err := json.Marshal(map[string]any{"name": name, "roles": roles})
	if err != nil {
		return "", fmt.Errorf("creating the subject %q: %w", name, err)
	}
	id, _, err := g.create(ctx, Subjects, body)
	if err != nil {
		return "", err
	}
	return accessToken(name, g.secret.digest(id)), nil
}
