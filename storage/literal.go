package storage

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
)

// literal is a pattern that looks for one text, as most do. Looking for it costs a few passes over the text; a regular
// expression of many letters in any case costs one pass per letter, and events are matched while all other listeners wait.
type literal struct {
	text     string // folded when in any case
	anyCase  bool
	from, to bool // it begins or ends the text
}

// literalOf is what a pattern looks for; nil when that is more than one text.
func literalOf(pattern *regexp.Regexp) *literal {
	parsed, err := syntax.Parse(pattern.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{parsed}
	if parsed.Op == syntax.OpConcat {
		parts = parsed.Sub
	}
	l := &literal{}
	if parts[0].Op == syntax.OpBeginText {
		l.from, parts = true, parts[1:]
	}
	if last := len(parts) - 1; last >= 0 && parts[last].Op == syntax.OpEndText {
		l.to, parts = true, parts[:last]
	}
	if len(parts) != 1 || parts[0].Op != syntax.OpLiteral {
		return nil
	}
	l.text, l.anyCase = string(parts[0].Rune), parts[0].Flags&syntax.FoldCase != 0
	if l.anyCase {
		l.text = folded(l.text)
	}
	return l
}

func (l *literal) match(text string) bool {
	if l.anyCase {
		text = folded(text)
	}
	switch {
	case l.from && l.to:
		return text == l.text
	case l.from:
		return strings.HasPrefix(text, l.text)
	case l.to:
		return strings.HasSuffix(text, l.text)
	default:
		return strings.Contains(text, l.text)
	}
}

// folded is the text with the same letter for all that differ in case alone, as regular expressions see it.
func folded(text string) string { return strings.Map(foldedRune, text) }

// foldedRune is the least of the runes that differ from one in case alone.
func foldedRune(r rune) rune {
	if r < unicode.MaxASCII {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}
