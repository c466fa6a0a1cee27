package daptin

import (
	"strings"

	"nightwire/storage"
)

// DefaultSecrets are the names of fields that no row shows unless the operator says otherwise.
func DefaultSecrets() []string {
	return []string{
		"password", "passwd", "pwd", "passphrase", "passwordHash", "secret", "apiSecret", "clientSecret", "otpSecret", "secretKey",
		"token", "accessToken", "refreshToken", "idToken", "authToken", "sessionToken", "jwt", "apiKey", "accessKey", "privateKey",
		"credential", "credentials", "authorization",
	}
}

// secrets are names of fields that rows leave out, at any depth: in any case, and with or without the hyphens and underscores
// between their words.
type secrets map[string]struct{}

func newSecrets(names []string) secrets {
	all := secrets{}
	for _, name := range names {
		all[plain(name)] = struct{}{}
	}
	return all
}

var separators = strings.NewReplacer("_", "", "-", "")

func plain(name string) string { return strings.ToLower(separators.Replace(name)) }

// holds tells whether a field of that name is a secret.
func (s secrets) holds(name string) bool {
	_, ok := s[plain(name)]
	return ok
}

// without is a value without the secrets in it.
func (s secrets) without(v storage.Value) storage.Value {
	switch v.Type() {
	case storage.Object:
		var d storage.Draft
		same := true
		for name, member := range v.Members() {
			if s.holds(name) {
				same = false
				continue
			}
			rest := s.without(member)
			same = same && rest == member
			d.Set(name, rest)
		}
		if same {
			return v
		}
		return storage.Value(d.Document())
	case storage.Array:
		return s.withoutWithin(v)
	default:
		return v
	}
}

// withoutWithin is an array without the secrets in its elements.
func (s secrets) withoutWithin(v storage.Value) storage.Value {
	out, same := []byte{'['}, true
	for one := range v.Elements() {
		rest := s.without(one)
		same = same && rest == one
		out = append(append(out, rest...), ',')
	}
	if same {
		return v
	}
	return storage.Value(closed(out, ']'))
}
