package security

import "context"

// RolesOf are the names of an identity's own roles, as they are kept with the subject; none for whoever is no subject. Errors:
// ErrUnavailable.
func (g *Guard) RolesOf(ctx context.Context, who Identity) ([]string, error) {
	s, err := g.current(ctx)
	if err != nil || who.kind != subject {
		return nil, err
	}
	if a := s.byID[who.subject]; a != nil {
		return unique(a.roles()), nil
	}
	return nil, nil
}
