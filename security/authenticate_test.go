package security

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAuthenticate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGuard(t, populated())
		session, err := g.Exchange(t.Context(), readerToken)
		if err != nil {
			t.Fatal(err)
		}
		reader := mustIdentify(t, g, readerToken)
		for _, c := range []struct {
			name string
			c    Credentials
			want Identity
			err  error
		}{
			{"nothing", Credentials{}, Anonymous(), nil},
			{"secret", Credentials{Secret: secretSHA1}, Operator(), nil},
			{"token as secret", Credentials{Secret: readerToken}, reader, nil},
			{"hashed token as secret", Credentials{Secret: tokenDigest}, reader, nil},
			{"token", Credentials{Tokens: []string{readerToken}}, reader, nil},
			{"second token", Credentials{Tokens: []string{"bad", readerToken}}, reader, nil},
			{"JWT", Credentials{JWT: session.Token}, reader, nil},
			{"bad secret, good JWT", Credentials{Secret: "bad", JWT: session.Token}, reader, nil},
			{"bad JWT, good token", Credentials{JWT: "bad", Tokens: []string{readerToken}}, reader, nil},
			{"bad JWT, good secret", Credentials{JWT: "bad", Secret: secretSHA1}, Operator(), nil},
			{"bad secret", Credentials{Secret: testSecret}, Identity{}, ErrUnauthenticated},
			{"bad JWT", Credentials{JWT: "bad"}, Identity{}, ErrUnauthenticated},
			{"token as JWT", Credentials{JWT: readerToken}, Identity{}, ErrUnauthenticated},
			{"JWT as token", Credentials{Tokens: []string{session.Token}}, Identity{}, ErrUnauthenticated},
		} {
			id, err := g.Authenticate(t.Context(), c.name, c.c)
			if id != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s: %v, %v", c.name, id, err)
			}
			if held := waited(t, g.attempts, c.name); (held > 0) != (c.err != nil) {
				t.Errorf("%s: the next one waits %v", c.name, held)
			}
		}
	})
}

func TestWhatCountsAsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGuard(t, populated())
		session, err := g.Exchange(t.Context(), readerToken)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(lifetime)
		if _, err := g.Authenticate(t.Context(), "expired", Credentials{JWT: session.Token}); !errors.Is(err, ErrExpired) {
			t.Fatal(err)
		}
		if held := waited(t, g.attempts, "expired"); held != 0 {
			t.Errorf("an expired token adds %v", held)
		}
	})
}

// Whoever shows nothing waits as the others do, and only a good credential forgives the failures that came meanwhile.
func TestWhatForgives(t *testing.T) {
	for _, c := range []struct {
		shown Credentials
		after time.Duration
	}{
		{Credentials{}, time.Second},
		{Credentials{Secret: secretSHA1}, 0},
		{Credentials{Tokens: []string{readerToken}}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := newTestGuard(t, populated())
			g.attempts.Failed("x")
			start := time.Now()
			time.AfterFunc(time.Second/2, func() { g.attempts.Failed("x") })
			if _, err := g.Authenticate(t.Context(), "x", c.shown); err != nil || time.Since(start) != time.Second {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			if held := waited(t, g.attempts, "x"); held != c.after {
				t.Errorf("%+v: the next one waits %v", c.shown, held)
			}
		})
	}
}

func TestUnavailableIsNoFailedAttempt(t *testing.T) {
	m := populated()
	m.fail = ErrUnavailable
	g := newTestGuard(t, m)
	if _, err := g.Authenticate(t.Context(), "x", Credentials{Tokens: []string{"bad"}}); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	if len(g.attempts.addresses) != 0 {
		t.Error("it counts")
	}
}
