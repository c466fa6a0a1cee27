package security

import (
	"errors"
	"strings"
	"testing"
)

// Computed apart, with another program, from testSecret and readerID by the formula of spec nightscout-v3 §5.
const (
	secretSHA1   = "6a5dc9c88f0d6552d8cc52c1514484e08d943caf"
	secretSHA512 = "5f29d00238e551e28ed17641652e589e35c91cfeb8a93eaa40a7e4703f3d1d6850152e0e34f787da758d346446ab1fa3908bce7a799de4dcdc2368f1664093f9"
	readerDigest = "f39e0f593bfd73d601a260837f1e5038f0b97b5d"
	readerToken  = "thereader-f39e0f593bfd73d6"
	tokenDigest  = "0810b221fc5d8aaf966aeb18375c8a9f526c7dbf"
)

func TestAccessTokenForms(t *testing.T) {
	g := newTestGuard(t, populated())
	for _, c := range []struct {
		name, token string
		want        bool
	}{
		{"as it is shown", readerToken, true},
		{"16 hex only", readerDigest[:16], true},
		{"15 hex only", readerDigest[:15], false},
		{"17 hex", readerDigest[:17], true},
		{"full digest", readerDigest, true},
		{"longer than the digest", readerDigest + "0", false},
		{"17th digit wrong", readerDigest[:16] + "f", false},
		{"another prefix", "whatever-" + readerDigest[:16], true},
		{"two dashes", "a-b-" + readerDigest[:16], true},
		{"name and full digest", "thereader-" + readerDigest, true},
		{"upper case", strings.ToUpper(readerDigest[:16]), false},
		{"SHA1 of the token", tokenDigest, true},
		{"20 characters of it", tokenDigest[:20], true},
		{"15 characters of it", tokenDigest[:15], false},
		{"SHA1 of the token after a dash", "x-" + tokenDigest, false},
		{"dash at the end", readerToken + "-", false},
		{"empty", "", false},
		{"hash of the secret", secretSHA1, false},
		{"unknown", "unknown-0123456789abcdef", false},
	} {
		_, err := g.ByAccessToken(t.Context(), c.token)
		if (err == nil) != c.want || err != nil && !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := g.ByAccessToken(t.Context(), "bad", readerToken); err != nil {
		t.Errorf("second of two candidates: %v", err)
	}
	if _, err := g.ByAccessToken(t.Context()); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("no candidate: %v", err)
	}
}

func TestAbbreviation(t *testing.T) {
	for name, want := range map[string]string{
		"Golden-Ünï_Çödé & long NAME": "goldenn_dl",
		"golden superadmin":           "goldensupe",
		"Ü":                           "",
		"A_1":                         "a_1",
	} {
		if got := accessToken(name, readerDigest); got != want+"-"+readerDigest[:16] {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func TestBySecret(t *testing.T) {
	g := newTestGuard(t, newMemory())
	for hash, want := range map[string]bool{
		secretSHA1:                    true,
		strings.ToUpper(secretSHA1):   true,
		secretSHA512:                  true,
		strings.ToUpper(secretSHA512): false,
		testSecret:                    false,
		"":                            false,
		secretSHA1[:39]:               false,
	} {
		id, err := g.BySecret(hash)
		if (err == nil) != want || want && id != Operator() {
			t.Errorf("%s: %v, %v", hash, id, err)
		}
	}
}

func FuzzFindToken(f *testing.F) {
	f.Add(readerToken)
	f.Add(readerDigest)
	f.Add("-")
	f.Add("日本語日本語日本語日本語")
	g := newTestGuard(f, populated())
	s, err := g.current(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		last := token[strings.LastIndex(token, "-")+1:]
		want := len(last) >= 16 && (strings.HasPrefix(readerDigest, last) || strings.HasPrefix(tokenDigest, token))
		if a := s.tokens.find(token); (a != nil && a.id == readerID) != want {
			t.Errorf("%q: found %v, want %v", token, a, want)
		}
	})
}
