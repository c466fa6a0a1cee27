package security

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
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

// A token comes as a part of its request, which is not to be kept with it.
func TestVerifiedKeepsNoRequest(t *testing.T) {
	const count, size = 50, 400 << 10
	var v verified
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range count {
		token := strconv.Itoa(i)
		v.add((token + strings.Repeat("x", size))[:len(token)], claims{})
	}
	if grown := heap() - before; grown > count*size/4 {
		t.Errorf("%d tokens keep %d bytes", count, grown)
	}
	runtime.KeepAlive(&v)
}
