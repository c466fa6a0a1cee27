package directus

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"nightwire/realtime"
	"nightwire/security"
)

// judgeTimeout is how long finding out about a token may take.
const judgeTimeout = 10 * time.Second

// stands tells whether a credential still shows the same identity. A JWT that has expired does, as long as its subject
// is there: it is good for the duration of the connection, unless the dialect says otherwise. Errors: ErrUnavailable.
func (s *Server) stands(ctx context.Context, c realtime.Credential) (bool, error) {
	switch err := c.Check(ctx, s.options.Guard); {
	case errors.Is(err, security.ErrExpired):
		return s.options.Guard.Exists(ctx, c.Who)
	case errors.Is(err, security.ErrUnauthenticated):
		return false, nil
	default:
		return err == nil, err
	}
}

// admission is how an upgrade was answered.
type admission struct {
	shown     realtime.Credential
	handshake bool // the first message has to authenticate
}

// admit authenticates an upgrade (spec §2, §5). Errors: security.ErrUnauthenticated, security.ErrUnavailable.
func (s *Server) admit(ctx context.Context, r *http.Request) (admission, error) {
	token := s.tokenOf(r)
	if token != "" {
		shown, err := realtime.Identify(ctx, s.options.Guard, s.options.Address(r), token)
		return admission{shown: shown}, err
	}
	switch s.options.Auth {
	case Public:
		return admission{}, nil
	case Handshake:
		return admission{handshake: true}, nil
	case Unset:
		if s.options.Public {
			return admission{}, nil
		}
	}
	return admission{}, security.ErrUnauthenticated
}

// tokenOf is the token that an upgrade shows. Core's modes look at access_token alone. Cookies are never looked at, so pages
// of any origin may connect.
func (s *Server) tokenOf(r *http.Request) string {
	q := r.URL.Query()
	if s.options.Auth != Unset {
		return q.Get("access_token")
	}
	if token := q.Get("api_token"); token != "" {
		return token
	}
	if token := bearer(r.Header.Get("Authorization")); token != "" {
		return token
	}
	return q.Get("access_token")
}

// bearer is the token in an Authorization header; "" when it has another scheme.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
