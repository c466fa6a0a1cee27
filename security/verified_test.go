package security

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

// A token that was verified once still expires, and a different signature is not mistaken for it.
func TestVerifiedTokenExpires(t *testing.T) {
	now := time.Now()
	s := newSigner([]byte(NewJWTKey()), func() time.Time { return now })
	token, _, err := s.sign("app-0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if access, err := s.verify(token); err != nil || access != "app-0123456789abcdef" {
			t.Fatalf("%q, %v", access, err)
		}
	}
	if _, err := s.verify(token[:len(token)-4] + "AAAA"); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("changed signature: %v", err)
	}
	now = now.Add(lifetime + time.Second)
	if _, err := s.verify(token); !errors.Is(err, ErrExpired) {
		t.Errorf("expired: %v", err)
	}
}

func TestVerifiedIsBounded(t *testing.T) {
	var v verified
	for i := range 3 * maxVerified {
		v.add(strconv.Itoa(i), claims{})
		if len(v.claims) > maxVerified {
			t.Fatal(len(v.claims))
		}
	}
}
