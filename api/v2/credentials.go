package v2

import (
	"errors"
	"strings"

	"nightwire/security"
)

// identify reads the body, finds out who asks (spec §5) and keeps what remains of the body. A body that cannot be read is
// complained about only to those who are somebody without it.
func (r *request) identify() (security.Identity, error) {
	body, malformed := r.readBody()
	if malformed != nil && !errors.Is(malformed, errMalformed) {
		return security.Identity{}, malformed
	}
	query := r.QueryParams()
	c := security.Credentials{
		Secret: firstOf(query.Get("secret"), r.Request().Header.Get("api-secret"), body.secret),
		JWT:    bearer(r.Request().Header.Get("Authorization")),
	}
	for _, token := range append(query["token"], body.token) {
		if token != "" {
			c.Tokens = append(c.Tokens, token)
		}
	}
	who, err := r.Guard.Authenticate(r.Request().Context(), r.RealIP(), c)
	if err != nil {
		return security.Identity{}, err
	}
	if malformed != nil && who != security.Anonymous() {
		return security.Identity{}, malformed
	}
	r.body = body.rest
	return who, nil
}

// bearer is the token of an Authorization header. Unlike APIv3, this API reads the scheme in exactly this case.
func bearer(header string) string {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok || strings.Contains(token, " ") {
		return ""
	}
	return token
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
