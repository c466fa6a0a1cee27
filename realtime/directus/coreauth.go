package directus

import (
	"context"
	"errors"
	"slices"

	"nightwire/realtime"
	"nightwire/security"
)

var (
	errAuthFailed   = &fault{status: 401, code: "AUTH_FAILED", message: "Authentication failed."}
	errAuthTimeout  = &fault{status: 401, code: "AUTH_TIMEOUT", message: "Authentication timed out."}
	errTokenExpired = &fault{status: 401, code: "TOKEN_EXPIRED", message: "Token expired."}
)

// coreAuth works on an auth message, which makes the connection somebody else at any time.
func (c *conn) coreAuth(ctx context.Context, r request) {
	c.life.judging()
	version := c.server.options.Guard.Version()
	shown, err := c.authenticate(ctx, r)
	if err != nil {
		c.life.refuse(r.uid, faultOf(err))
		return
	}
	c.life.accept(r.uid, shown)
	if c.server.options.Guard.Version() != version {
		c.rejudge(ctx) // the hub may have asked too early
	}
}

// authenticate finds out who an auth message comes from. There are no e-mail addresses, passwords or refresh tokens here:
// they are wrong. Errors: errAuthFailed, security.ErrUnavailable.
func (c *conn) authenticate(ctx context.Context, r request) (realtime.Credential, error) {
	token := r.body.Get("access_token").Text()
	if token == "" {
		return realtime.Credential{}, errAuthFailed
	}
	shown, err := realtime.Identify(ctx, c.server.options.Guard, c.address, token)
	if errors.Is(err, security.ErrUnauthenticated) {
		return realtime.Credential{}, errAuthFailed
	}
	return shown, err
}

// admitsAll tells whether the public role may connect.
func (s *Server) admitsAll() bool {
	return s.options.Auth == Public || s.options.Auth == Unset && s.options.Public
}

// credential is what the connection shows now.
func (c *conn) credential() realtime.Credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown
}

// show replaces what the connection shows, and leaves to its subscriptions what they had.
func (c *conn) show(shown realtime.Credential) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown = shown
}

// listening are the subscriptions.
func (c *conn) listening() []*subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.subscriptions)
}
