package directus

import (
	"regexp"
	"slices"
	"strings"

	"nightwire/storage"
)

// compile is the condition as one on the documents of a collection. As in SQL a negation is not met by null, and a condition
// on an array holds when it holds for an element (storage.Filter).
func (f condition) compile(c storage.Collection) storage.Filter {
	if f.field == "" {
		whole := storage.Filter{Op: storage.And}
		if f.op == "_or" {
			whole.Op = storage.Or
		}
		for _, part := range f.parts {
			whole.All = append(whole.All, part.compile(c))
		}
		return whole
	}
	path := storedPath(c, f.field, f.op)
	return leaf{condition: f, keys: f.field == "id" && c.IDs == storage.CountedIDs, path: path, kind: kindOf(c, path)}.filter()
}

// kindOf is the type of the values of fields that all documents have in one type; Absent: there may be several. Engines find
// values of one type by an index.
func kindOf(c storage.Collection, path string) storage.Type {
	switch {
	case path == "srvModified" || path == "srvCreated" || path == "date" && slices.Contains(c.Required, path):
		return storage.Number
	case path == "identifier" || path == "created_at" && c.DateField == path:
		return storage.String
	default:
		return storage.Absent
	}
}

// storedPath is where a document has what a client calls so. Counted keys are compared as numbers and, being decimal, looked
// up and searched as identifiers.
func storedPath(c storage.Collection, field, op string) string {
	switch {
	case field != "id":
		return field
	case c.IDs != storage.CountedIDs:
		return "identifier"
	}
	switch op {
	case "_lt", "_lte", "_gt", "_gte", "_between", "_nbetween":
		return "id"
	default:
		return "identifier"
	}
}

// leaf is an operator on a path of the stored documents.
type leaf struct {
	condition
	path string
	kind storage.Type // of what is there, when that is known
	keys bool         // its field is a counted key
}

func (l leaf) filter() storage.Filter {
	switch l.op {
	case "_eq", "_in":
		return l.among(l.equals())
	case "_neq", "_nin":
		return l.except(append(l.equals(), "null"))
	case "_null":
		return storage.Filter{Op: storage.Eq, Path: l.path, Value: "null"}
	case "_nnull":
		return l.present()
	case "_empty":
		return l.among([]storage.Value{`""`, "null"})
	case "_nempty":
		return l.except([]storage.Value{`""`, "null"})
	case "_between":
		return l.bounded(both, storage.Gte, storage.Lte)
	case "_nbetween":
		return l.bounded(either, storage.Lt, storage.Gt)
	}
	if op, ok := comparisons[l.op]; ok {
		return l.compared(op, l.list[0])
	}
	return l.matching()
}

var comparisons = map[string]storage.Op{"_lt": storage.Lt, "_lte": storage.Lte, "_gt": storage.Gt, "_gte": storage.Gte}

// equals are the values that count as equal to one of the operands. Identifiers are strings whatever the operand.
func (l leaf) equals() []storage.Value {
	var list []storage.Value
	for _, v := range l.list {
		if l.path == "identifier" {
			list = append(list, keyForm(v, l.keys))
		} else {
			list = append(list, l.ofKind(forms(v))...)
		}
	}
	return list
}

// keyForm is the identifier that an operand means.
func keyForm(v storage.Value, counted bool) storage.Value {
	text, ok := textOf(v)
	if !ok {
		return v
	}
	if n, isNumber := numberOf(text); isNumber && counted {
		text = n.NumberText()
	}
	return storage.StringValue(text)
}

func (l leaf) among(list []storage.Value) storage.Filter {
	if len(list) == 1 {
		return storage.Filter{Op: storage.Eq, Path: l.path, Value: list[0]}
	}
	return storage.Filter{Op: storage.In, Path: l.path, List: list}
}

func (l leaf) except(list []storage.Value) storage.Filter {
	return storage.Filter{Op: storage.Nin, Path: l.path, List: list}
}

func (l leaf) present() storage.Filter {
	return storage.Filter{Op: storage.Ne, Path: l.path, Value: "null"}
}

// ranks are the values that are less or greater than others in the place of an operand.
func (l leaf) ranks(operand storage.Value) []storage.Value {
	if text, ok := textOf(operand); ok && l.path == "identifier" {
		return []storage.Value{storage.StringValue(text)}
	}
	return l.ofKind(ranks(operand))
}

// ofKind are those values of a list that can be there. Where none can, nothing is lost by looking for all.
func (l leaf) ofKind(list []storage.Value) []storage.Value {
	var kept []storage.Value
	for _, v := range list {
		if v.Type() == l.kind {
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return list
	}
	return kept
}

// compared holds for what compares so with one of the values that the operand stands for.
func (l leaf) compared(op storage.Op, operand storage.Value) storage.Filter {
	var any []storage.Filter
	for _, v := range l.ranks(operand) {
		any = append(any, storage.Filter{Op: op, Path: l.path, Value: v})
	}
	return either(any...)
}

// bounded combines what compares with the two operands. Both have to stand for values of one type.
func (l leaf) bounded(combined func(...storage.Filter) storage.Filter, low, high storage.Op) storage.Filter {
	var any []storage.Filter
	for _, v := range l.ranks(l.list[0]) {
		for _, w := range l.ranks(l.list[1]) {
			if v.Type() == w.Type() {
				any = append(any, combined(storage.Filter{Op: low, Path: l.path, Value: v}, storage.Filter{Op: high, Path: l.path, Value: w}))
			}
		}
	}
	return either(any...)
}

func both(parts ...storage.Filter) storage.Filter {
	return storage.Filter{Op: storage.And, All: parts}
}

func either(parts ...storage.Filter) storage.Filter {
	if len(parts) == 1 {
		return parts[0] // of which engines make more
	}
	return storage.Filter{Op: storage.Or, All: parts}
}

// matching is a condition on the text of a field. What is no text contains none, but is not null.
func (l leaf) matching() storage.Filter {
	kind := strings.TrimPrefix(l.op, "_")
	kind, negated := strings.CutPrefix(kind, "n")
	kind, anyCase := cutCase(kind)
	pattern := textPattern(kind, l.list[0].Text(), anyCase)
	if negated {
		out := []storage.Value{"null"}
		if kind == "eq" {
			out = append(out, l.equals()...)
		}
		return both(l.except(out), storage.Filter{Op: storage.NotRegexp, Path: l.path, Pattern: pattern})
	}
	match := storage.Filter{Op: storage.Regexp, Path: l.path, Pattern: pattern}
	if kind == "eq" {
		return either(l.among(l.equals()), match)
	}
	return match
}

// cutCase takes the i of _icontains away.
func cutCase(kind string) (string, bool) {
	if rest, ok := strings.CutPrefix(kind, "i"); ok && slices.Contains(textKinds, rest) {
		return rest, true
	}
	return kind, false
}

var textKinds = []string{"contains", "starts_with", "ends_with", "eq"}

// textPattern matches texts that contain, begin with, end with or are a text, which is taken as it is.
func textPattern(kind, text string, anyCase bool) *regexp.Regexp {
	expression := regexp.QuoteMeta(text)
	switch kind {
	case "starts_with":
		expression = `\A` + expression
	case "ends_with":
		expression += `\z`
	case "eq":
		expression = `\A` + expression + `\z`
	}
	if anyCase {
		expression = `(?i)` + expression
	}
	return regexp.MustCompile(expression) // quoted, so it is one
}
