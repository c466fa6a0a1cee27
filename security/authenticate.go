package security

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Credentials are what one request shows. Empty parts were not shown.
type Credentials struct {
	Secret string   // a hash of API_SECRET or, in its place, an access token
	JWT    string   // a JSON web token
	Tokens []string // access tokens
}

func (c *Credentials) none() bool { return c.Secret == "" && c.JWT == "" && len(c.Tokens) == 0 }

// Authenticate finds out who shows these credentials; any good one of them will do. Nobody who shows none is anonymous.
// Requests of an address with failed attempts wait first (spec §7). Errors: ErrUnauthenticated, ErrUnavailable.
func (g *Guard) Authenticate(ctx context.Context, addr string, c Credentials) (Identity, error) {
	if err := g.attempts.Wait(ctx, addr); err != nil {
		return Identity{}, err
	}
	if c.none() {
		return Anonymous(), nil
	}
	id, err := g.identify(ctx, c)
	switch {
	case err == nil:
		g.attempts.Succeeded(addr)
	case errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrExpired):
		g.attempts.Failed(addr)
	}
	return id, err
}

// identify tries the credentials from the cheapest to the dearest.
func (g *Guard) identify(ctx context.Context, c Credentials) (Identity, error) {
	if c.Secret != "" {
		if id, err := g.BySecret(c.Secret); err == nil {
			return id, nil
		}
	}
	var refused error
	if c.JWT != "" {
		id, err := g.ByJWT(ctx, c.JWT)
		if err == nil || !errors.Is(err, ErrUnauthenticated) {
			return id, err
		}
		refused = err
	}
	if c.Secret == "" && len(c.Tokens) == 0 {
		return Identity{}, refused
	}
	return g.ByAccessToken(ctx, append(c.Tokens[:len(c.Tokens):len(c.Tokens)], c.Secret)...)
}

// BySecret is the identity of whoever knows API_SECRET, by its hash (spec §5). Errors: ErrUnauthenticated.
func (g *Guard) BySecret(hash string) (Identity, error) {
	if !g.secret.matches(hash) {
		return Identity{}, fmt.Errorf("%w: bad secret", ErrUnauthenticated)
	}
	return Operator(), nil
}

// ByAccessToken finds the subject of the first candidate that is a known access token. Errors: ErrUnauthenticated, ErrUnavailable.
func (g *Guard) ByAccessToken(ctx context.Context, candidates ...string) (Identity, error) {
	s, err := g.current(ctx)
	if err != nil {
		return Identity{}, err
	}
	for _, c := range candidates {
		if a := s.tokens.find(c); a != nil {
			return a.identity(), nil
		}
	}
	return Identity{}, fmt.Errorf("%w: unknown access token", ErrUnauthenticated)
}

// ByJWT finds the subject of a JSON web token. A valid token of a deleted subject gives an identity without any rights
// but those of the default roles. Errors: ErrUnauthenticated (bad signature, expired, wrong algorithm), ErrUnavailable.
func (g *Guard) ByJWT(ctx context.Context, token string) (Identity, error) {
	access, err := g.signer.verify(token)
	if err != nil {
		return Identity{}, err
	}
	s, err := g.current(ctx)
	if err != nil {
		return Identity{}, err
	}
	if a := s.tokens.find(access); a != nil {
		return a.identity(), nil
	}
	return Identity{kind: subject}, nil
}

// Remaining is how long a JSON web token that ByJWT takes will still be taken; 0 when it is not. Connections that outlive
// their token need to know.
func (g *Guard) Remaining(token string) time.Duration {
	c, err := g.signer.judge(token)
	if err != nil {
		return 0
	}
	return time.Unix(c.Expires, 0).Sub(g.now())
}

func (a *account) identity() Identity { return Identity{kind: subject, subject: a.id, name: a.name} }

// Issued is the answer to an access token that was exchanged for a JSON web token (spec §5).
type Issued struct {
	Token string `json:"token"` // the JWT
	Sub   string `json:"sub"`   // the subject's name
	// PermissionGroups has, for each of the subject's roles and the default roles, its permissions as they were written:
	// a string or an array.
	PermissionGroups []json.RawMessage `json:"permissionGroups"`
	IssuedAt         int64             `json:"iat"` // seconds since 1970
	Expires          int64             `json:"exp"` // seconds since 1970
}

// Exchange issues a JSON web token for an access token, or renews a JSON web token. It neither waits for nor counts failed
// attempts (spec §7). Errors: ErrUnauthenticated, also when the subject is gone; ErrUnavailable.
func (g *Guard) Exchange(ctx context.Context, token string) (Issued, error) {
	access, err := g.signer.verify(token)
	renewal := err == nil
	if renewal {
		token = access
	}
	s, err := g.current(ctx)
	if err != nil {
		return Issued{}, err
	}
	a := s.tokens.find(token)
	if a == nil {
		return Issued{}, fmt.Errorf("%w: unknown access token", ErrUnauthenticated)
	}
	text, c, err := g.signer.sign(a.token)
	if err != nil {
		return Issued{}, err
	}
	if !renewal {
		g.tell(ctx, AccountEvent{LoggedIn, a.name})
	}
	return Issued{text, a.name, g.groups(s, a), c.IssuedAt, c.Expires}, nil
}

// groups are the PermissionGroups of a subject.
func (g *Guard) groups(s *snapshot, a *account) []json.RawMessage {
	groups := []json.RawMessage{}
	for _, name := range unique(append(a.roles(), g.defaultRoles...)) {
		group := json.RawMessage("[]")
		if r := s.byName[name]; r != nil {
			group = r.permissions()
		}
		groups = append(groups, group)
	}
	return groups
}
