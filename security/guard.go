package security

import "context"

// Guard judges identities and permissions. It caches all accounts under a version that Raise increases.
type Guard struct{}

// ByAccessToken finds the subject of the first candidate that is a known access token. Errors: ErrUnauthenticated, ErrUnavailable.
func (g *Guard) ByAccessToken(ctx context.Context, candidates ...string) (Identity, error) {
	panic("to be written")
}

// ByJWT finds the subject of a JSON web token. A valid token of a deleted subject gives an identity without any rights.
// Errors: ErrUnauthenticated (bad signature, expired, wrong algorithm), ErrUnavailable.
func (g *Guard) ByJWT(ctx context.Context, token string) (Identity, error) { panic("to be written") }

// Check is nil when the identity holds the permission now. Errors: *Forbidden, ErrUnavailable.
func (g *Guard) Check(ctx context.Context, id Identity, p Permission) error { panic("to be written") }

// Version changes whenever any right may have changed; what was judged under an older one must be judged again.
func (g *Guard) Version() uint64 { panic("to be written") }

// Raise says that accounts have changed, here or on another node.
func (g *Guard) Raise() { panic("to be written") }
