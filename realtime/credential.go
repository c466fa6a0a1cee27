package realtime

import (
	"context"
	"strings"

	"nightwire/security"
)

// Authenticator is what credentials need of a *security.Guard.
type Authenticator interface {
	Authenticate(ctx context.Context, addr string, c security.Credentials) (security.Identity, error)
	ByAccessToken(ctx context.Context, candidates ...string) (security.Identity, error)
	ByJWT(ctx context.Context, token string) (security.Identity, error)
}

// Credential is a token that a client showed, and whose it is.
type Credential struct {
	Who   security.Identity
	Token string // an access token or a JSON web token; "": none was shown
}

// IsJWT tells JSON web tokens from access tokens, which have no dots.
func IsJWT(token string) bool { return strings.Count(token, ".") == 2 }

// Identify finds out whose token it is. Guesses are slowed down by address. Errors: those of Guard.Authenticate.
func Identify(ctx context.Context, guard Authenticator, address, token string) (Credential, error) {
	shown := security.Credentials{Tokens: []string{token}}
	if IsJWT(token) {
		shown = security.Credentials{JWT: token}
	}
	who, err := guard.Authenticate(ctx, address, shown)
	if err == nil && who.Name() == "" { // a JWT whose subject is gone
		err = security.ErrUnauthenticated
	}
	return Credential{who, strings.Clone(token)}, err // it is kept, and the request that it is a part of is not to be
}

// Check is nil while the credential shows the same identity as at first. Errors: security.ErrExpired (a JSON web token),
// security.ErrUnauthenticated, security.ErrUnavailable.
func (c Credential) Check(ctx context.Context, guard Authenticator) error {
	if c.Token == "" {
		return nil
	}
	find := func(ctx context.Context, token string) (security.Identity, error) {
		return guard.ByAccessToken(ctx, token)
	}
	if IsJWT(c.Token) {
		find = guard.ByJWT
	}
	who, err := find(ctx, c.Token)
	if err == nil && who != c.Who {
		err = security.ErrUnauthenticated
	}
	return err
}
