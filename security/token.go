package security

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// minToken is how many characters of a digest an access token must show.
const minToken = 16

// MinSecret is how many characters API_SECRET must have at least.
const MinSecret = 12

func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// apiSecret judges hashes of API_SECRET and derives access tokens from it. It keeps the hashes only.
type apiSecret struct{ sha1, sha512 string }

func newAPISecret(plain string) apiSecret {
	long := sha512.Sum512([]byte(plain))
	return apiSecret{sha1Hex(plain), hex.EncodeToString(long[:])}
}

// matches accepts the SHA1 in hexadecimal of any case, or the SHA512 in lower case; never the plain secret (spec §5).
func (s apiSecret) matches(hash string) bool {
	short := subtle.ConstantTimeCompare([]byte(strings.ToLower(hash)), []byte(s.sha1))
	long := subtle.ConstantTimeCompare([]byte(hash), []byte(s.sha512))
	return short|long == 1
}

// digest is the secret of a subject. It depends on API_SECRET and the _id alone, so a subject can be renamed freely.
func (s apiSecret) digest(id string) string { return sha1Hex(s.sha1 + id) }

// accessToken is the token that a subject is shown: an abbreviation of its name, for people, and the start of the digest.
func accessToken(name, digest string) string {
	abbreviation := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return abbreviation[:min(10, len(abbreviation))] + "-" + digest[:minToken]
}

// tokens finds subjects by access token. Its keys are hashes of the first characters of a digest, so that the time of a
// look-up tells nothing about the digests; what follows is compared in constant time.
type tokens map[[sha256.Size]byte][]tokenEntry

type tokenEntry struct {
	digest  string
	account *account
}

func tokenKey(digest string) [sha256.Size]byte { return sha256.Sum256([]byte(digest[:minToken])) }

// add lets the subject be found by its digest and by the digest of its access token.
func (t tokens) add(a *account) {
	for _, d := range []string{a.digest, sha1Hex(a.token)} {
		k := tokenKey(d)
		t[k] = append(t[k], tokenEntry{d, a})
	}
}

// find is the subject that an access token belongs to, or nil. Accepted are (spec §5), with at least 16 characters after
// the last dash: a prefix of the subject's digest after anything and a dash, or a prefix of the SHA1 of its access token.
func (t tokens) find(token string) *account {
	last := token[strings.LastIndexByte(token, '-')+1:]
	if len(last) < minToken {
		return nil
	}
	for _, e := range t[tokenKey(last)] {
		if len(last) <= len(e.digest) && subtle.ConstantTimeCompare([]byte(last), []byte(e.digest[:len(last)])) == 1 {
			if e.digest == e.account.digest || last == token {
				return e.account
			}
		}
	}
	return nil
}
