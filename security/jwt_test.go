package security

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// forge512 is a token by HS512.
func forge512(payload string, key []byte) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS512","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha512.New, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Only HS256 is accepted, even where another algorithm uses the same key well.
func TestOtherAlgorithms(t *testing.T) {
	g := newTestGuard(t, populated())
	const payload = `{"accessToken":"` + readerToken + `","iat":1,"exp":99999999999}`
	if _, err := g.ByJWT(t.Context(), forge(`{"alg":"HS256"}`, payload, []byte(testKey))); err != nil {
		t.Fatal(err)
	}
	if _, err := g.ByJWT(t.Context(), forge512(payload, []byte(testKey))); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("HS512: %v", err)
	}
}

// forge makes a token by hand, so that the tests do not trust the library that they test.
func forge(header, payload string, key []byte) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestByJWT(t *testing.T) {
	longKey := []byte(NewJWTKey())
	now := time.Unix(1_700_000_000, 0)
	g := newTestGuard(t, populated(), func(o *Options) { o.JWTKey, o.Now = longKey, func() time.Time { return now } })
	const header = `{"alg":"HS256","typ":"JWT"}`
	claim := func(exp string) string { return `{"accessToken":"` + readerToken + `","iat":1,"exp":` + exp + `}` }
	good := forge(header, claim("1700000001"), longKey)
	for _, c := range []struct {
		name, token string
		want        error
	}{
		{"good", good, nil},
		{"expired", forge(header, claim("1700000000"), longKey), ErrExpired},
		{"expired and of another key", forge(header, claim("1700000000"), []byte(testKey)), ErrUnauthenticated},
		{"another key", forge(header, claim("1700000001"), []byte(testKey)), ErrUnauthenticated},
		{"broken signature", good[:len(good)-3] + "AAA", ErrUnauthenticated},
		{"alg none", strings.Join(append(strings.Split(forge(`{"alg":"none","typ":"JWT"}`, claim("1700000001"), nil), ".")[:2], ""), "."), ErrUnauthenticated},
		{"no expiry", forge(header, `{"accessToken":"`+readerToken+`"}`, longKey), ErrUnauthenticated},
		{"no access token", forge(header, `{"exp":1700000001}`, longKey), ErrUnauthenticated},
		{"no object", forge(header, `7`, longKey), ErrUnauthenticated},
		{"access token itself", readerToken, ErrUnauthenticated},
		{"empty", "", ErrUnauthenticated},
		{"dots", "..", ErrUnauthenticated},
	} {
		id, err := g.ByJWT(t.Context(), c.token)
		if !errors.Is(err, c.want) || c.want == nil && id.Name() != "The Reader" {
			t.Errorf("%s: %v, %v", c.name, id, err)
		}
		if c.name != "expired" && errors.Is(err, ErrExpired) {
			t.Errorf("%s counts as expired", c.name)
		}
	}
}

func TestExchange(t *testing.T) {
	m := populated()
	m.keep(Subjects, readerID, `{"name":"The Reader","roles":["reading","nosuch","admin","reading"]}`)
	now := time.Unix(1_700_000_000, 999)
	g := newTestGuard(t, m, func(o *Options) { o.Now = func() time.Time { return now } })
	first, err := g.Exchange(t.Context(), readerToken)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := json.Marshal(first.PermissionGroups)
	if err != nil {
		t.Fatal(err)
	}
	if string(groups) != `["api:*:read",[],["*"],[]]` || first.Sub != "The Reader" || first.IssuedAt != 1_700_000_000 || first.Expires != 1_700_028_800 {
		t.Errorf("got %s, %+v", groups, first)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(first.Token, ".")[1])
	if err != nil || string(payload) != `{"accessToken":"`+readerToken+`","iat":1700000000,"exp":1700028800}` {
		t.Errorf("payload %s, %v", payload, err)
	}
	now = now.Add(time.Hour)
	renewed, err := g.Exchange(t.Context(), first.Token)
	if err != nil || renewed.IssuedAt != first.IssuedAt+3600 || renewed.Sub != first.Sub {
		t.Errorf("renewal: %+v, %v", renewed, err)
	}
	now = now.Add(8 * time.Hour)
	for _, token := range []string{first.Token, "bad", ""} {
		if _, err := g.Exchange(t.Context(), token); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestRemaining(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	g := newTestGuard(t, populated(), func(o *Options) { o.Now = func() time.Time { return now } })
	issued, err := g.Exchange(t.Context(), readerToken)
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Remaining(issued.Token); got != lifetime {
		t.Errorf("fresh: %v", got)
	}
	now = now.Add(lifetime - time.Second)
	if got := g.Remaining(issued.Token); got != time.Second {
		t.Errorf("a second before its end: %v", got)
	}
	now = now.Add(time.Second)
	if got := g.Remaining(issued.Token); got != 0 {
		t.Errorf("at its end: %v", got)
	}
	if got := g.Remaining(readerToken); got != 0 {
		t.Errorf("no JWT: %v", got)
	}
}
