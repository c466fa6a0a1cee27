package storage

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// FuzzLiteral: a plain text is found where its regular expression finds it.
func FuzzLiteral(f *testing.F) {
	f.Add("Straße", "STRASSE straße", uint8(1))
	f.Add("k", "\u212a", uint8(1))
	f.Add("ſ", "S", uint8(7))
	f.Add("a.b", "xa.b", uint8(4))
	f.Add("", "x", uint8(3))
	f.Fuzz(func(t *testing.T, text, within string, flags uint8) {
		pattern := regexp.QuoteMeta(strings.ToValidUTF8(text, "?"))
		within = strings.ToValidUTF8(within, "?")
		if flags&1 != 0 {
			pattern = "(?i)" + pattern
		}
		if flags&2 != 0 {
			pattern = `\A` + pattern
		}
		if flags&4 != 0 {
			pattern += `\z`
		}
		compiled := regexp.MustCompile(pattern)
		if l := literalOf(compiled); l != nil && l.match(within) != compiled.MatchString(within) {
			t.Errorf("%s in %q: %t", pattern, within, !compiled.MatchString(within))
		}
	})
}

// TestNoLiteral: other patterns are asked as they are.
func TestNoLiteral(t *testing.T) {
	for _, pattern := range []string{"a|b", "a*", "^a$b", "(?m)^a", "(?i:a)b", ".", "[ab]", `\bab`, "(a)b", "\\Aa.\\z"} {
		if l := literalOf(regexp.MustCompile(pattern)); l != nil {
			t.Errorf("%s is %+v", pattern, l)
		}
	}
	for _, pattern := range []string{"a", "(?i)ab", "^ab", "ab$", `(?i)\Aab\z`} {
		if literalOf(regexp.MustCompile(pattern)) == nil {
			t.Errorf("%s is none", pattern)
		}
	}
}

// TestLongTexts: many long texts are looked for in a long one in no time worth speaking of.
func TestLongTexts(t *testing.T) {
	var any []Filter
	for range 200 {
		any = append(any, Filter{Op: Regexp, Path: "s", Pattern: regexp.MustCompile("(?i)" + strings.Repeat("a", 4000) + "b")})
	}
	filter := Filter{Op: Or, All: any}.Prepared()
	doc := Document(`{"s":"` + strings.Repeat("aA", 20_000) + `"}`)
	began := time.Now()
	if filter.Match(doc) {
		t.Error("found")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
