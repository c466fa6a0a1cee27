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
	if t := v.Type(); t != storage.Object && t != storage.Array {
		return v
	}
	return storage.Value(s.append(make([]byte, 0, len(v)), v))
}

// append appends a value without the secrets in it. Objects are written as they are read, because they may have any number
// of members.
func (s secrets) append(out []byte, v storage.Value) []byte {
	switch v.Type() {
	case storage.Object:
		out = append(out, '{')
		for name, member := range v.Members() {
			if !s.holds(name) {
				out = append(append(out, storage.StringValue(name)...), ':')
				out = append(s.append(out, member), ',')
			}
		}
		return closed(out, '}')
	case storage.Array:
		out = append(out, '[')
		for one := range v.Elements() {
			out = append(s.append(out, one), ',')
		}
		return closed(out, ']')
	default:
		return append(out, v...)
	}
}
