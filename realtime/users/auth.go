package users

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"nightwire/realtime"
	"nightwire/security"
)

var errNotApproved = errors.New("origin is not approved")

// client is who is connected, by what it has shown.
type client struct {
	realtime.Credential
	trusted bool // it has shown the key
}

// identify finds out who asks for a connection. Who shows a bad token stays, as nobody: the original refuses nobody for that.
// Errors: errNotApproved, security.ErrUnavailable.
func (s *Server) identify(ctx context.Context, r *http.Request) (client, error) {
	if s.hasKey(r) {
		return client{realtime.Credential{Who: security.Operator()}, true}, nil
	}
	if !s.origins.approve(originOf(r)) {
		return client{}, errNotApproved
	}
	guard := s.options.Guard
	if guard.IsOpen() {
		return client{Credential: realtime.Credential{Who: guard.OpenIdentity()}}, nil
	}
	token := tokenOf(r)
	if token == "" {
		return client{}, nil
	}
	shown, err := realtime.Identify(ctx, guard, s.options.Address(r), token)
	if errors.Is(err, security.ErrUnauthenticated) {
		return client{}, nil
	}
	return client{Credential: shown}, err
}

// hasKey tells whether a request shows the key. What it shows instead does not make a difference to the time that takes.
func (s *Server) hasKey(r *http.Request) bool {
	if s.options.Config.SocketAPIKey == "" {
		return false
	}
	shown := sha256.Sum256([]byte(r.Header.Get("users-api-key")))
	key := sha256.Sum256([]byte(s.options.Config.SocketAPIKey))
	return subtle.ConstantTimeCompare(shown[:], key[:]) == 1
}

// originOf is the Origin header as it came; several are joined, as in the original.
func originOf(r *http.Request) string { return strings.Join(r.Header.Values("Origin"), ", ") }

// tokenOf is the token that a request shows: in the header, else in the query; "" when there is none. Path and query are free
// in this protocol.
func tokenOf(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	query := r.URL.Query()
	if token := query.Get("token"); token != "" {
		return token
	}
	return query.Get("api_token")
}
