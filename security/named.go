package security

import "context"

// Named is the identity of the subject of exactly that name; ok is false when there is none. Of
// several it is the one with the least _id. Errors: ErrUnavailable.
func (g *Guard) Named(ctx context.Context, name string) (who Identity, ok bool, err error) {
	s, err := g.current(ctx)
	if err != nil {
		return Identity{}, false, err
	}
	if a := s.byNames[name]; a != nil {
		return a.identity(), true, nil
	}
	return Identity{}, false, nil
}
