package mongo

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// pattern narrows by what every text holds that a regular expression matches. The expression itself is judged here: the
// server's kind of expressions is another one, and can take time without end.
func (t translator) pattern(f *storage.Filter) narrowing {
	tree, err := syntax.Parse(f.Pattern.String(), syntax.Perl)
	if err != nil || !t.plain(f.Path) {
		return everything
	}
	literal, first := literalOf(tree.Simplify())
	switch {
	case literal == "" || strings.IndexByte(literal, 0) >= 0:
		return everything
	case first:
		return narrowing{filter: bson.D{{Key: f.Path, Value: startingWith(literal)}}}
	default:
		n := operation(f.Path, "$regex", regexp.QuoteMeta(literal))
		n.exact = false
		return n
	}
}

// literalOf is the longest text that all matches hold for certain, and whether they all begin with it. Letters whose case does
// not matter are none.
func literalOf(tree *syntax.Regexp) (literal string, first bool) {
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	for i, part := range parts {
		if part.Op != syntax.OpLiteral || part.Flags&syntax.FoldCase != 0 {
			continue
		}
		if i == 1 && parts[0].Op == syntax.OpBeginText {
			return string(part.Rune), true // which an index can find
		}
		if text := string(part.Rune); len(text) > len(literal) {
			literal = text
		}
	}
	return literal, false
}

// startingWith is the range of the texts that begin so.
func startingWith(prefix string) bson.D {
	r := bson.D{{Key: "$gte", Value: prefix}}
	if last := len(prefix) - 1; prefix[last] < '~' { // else the next text would not be UTF-8, or hard to tell
		r = append(r, bson.E{Key: "$lt", Value: prefix[:last] + string(rune(prefix[last]+1))})
	}
	return r
}
