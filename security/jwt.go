package security

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lifetime is how long a JSON web token is valid.
const lifetime = 8 * time.Hour

// claims are what a JSON web token says. It names the access token alone: rights are looked up when they are needed.
type claims struct {
	AccessToken string `json:"accessToken"`
	IssuedAt    int64  `json:"iat"`
	Expires     int64  `json:"exp"`
}

// The methods of jwt.Claims; what is absent here is not judged.

func (c claims) GetExpirationTime() (*jwt.NumericDate, error) {
	if c.Expires == 0 {
		return nil, nil
	}
	return jwt.NewNumericDate(time.Unix(c.Expires, 0)), nil
}
func (c claims) GetIssuedAt() (*jwt.NumericDate, error)  { return nil, nil }
func (c claims) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }
func (c claims) GetIssuer() (string, error)              { return "", nil }
func (c claims) GetSubject() (string, error)             { return "", nil }
func (c claims) GetAudience() (jwt.ClaimStrings, error)  { return nil, nil }

// signer makes and judges JSON web tokens, by HS256 only.
type signer struct {
	key    []byte
	now    func() time.Time
	parser *jwt.Parser
	known  *verified
}

func newSigner(key []byte, now func() time.Time) signer {
	// HMAC hashes a key that is longer than a block before each use; done once here, the signatures are the same.
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	return signer{key, now, jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(now), jwt.WithExpirationRequired()), &verified{}}
}

// sign makes a token for the holder of an access token, valid from now on.
func (s signer) sign(accessToken string) (string, claims, error) {
	issued := s.now().Unix()
	c := claims{accessToken, issued, issued + int64(lifetime/time.Second)}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(s.key)
	if err != nil {
		return "", claims{}, fmt.Errorf("signing a JWT: %w", err)
	}
	return text, c, nil
}

// verify returns the access token that a valid token names. Errors: ErrExpired, ErrUnauthenticated.
func (s signer) verify(text string) (string, error) {
	c, err := s.judge(text)
	return c.AccessToken, err
}

// judge returns what a valid token says. Errors: ErrExpired, ErrUnauthenticated.
func (s signer) judge(text string) (claims, error) {
	if c, ok := s.known.find(text); ok && s.now().Unix() < c.Expires {
		return c, nil
	}
	var c claims
	_, err := s.parser.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return s.key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired): // judged after the signature
		return claims{}, ErrExpired
	case err != nil || c.AccessToken == "":
		return claims{}, fmt.Errorf("%w: bad JWT", ErrUnauthenticated)
	}
	s.known.add(text, c)
	return c, nil
}
