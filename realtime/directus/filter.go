package directus

import (
	"slices"
	"strings"

	"nightwire/storage"
)

// condition is a filter as it was understood: all or any of some parts, or an operator on a field. All of no parts is met by
// every document.
type condition struct {
	op    string // _and, _or, or an operator of the table below
	parts []condition
	field string          // as the client names it: dotted, id for the key
	list  []storage.Value // operands, with variables replaced
}

var anything = condition{op: "_and"}

// trivial tells that every document meets the condition.
func (f condition) trivial() bool { return f.op == "_and" && len(f.parts) == 0 }

// filterParser reads one filter.
type filterParser struct {
	queryOptions
	conditions int // so far
	texts      int // bytes so far that are looked for within others
}

// parseFilter reads the filter of a query: an object, or one as JSON text. Errors: errBadQuery.
func parseFilter(raw storage.Value, o queryOptions) (condition, error) {
	v, err := fromText("filter", raw)
	if err != nil || v.Type() <= storage.Null {
		return anything, err
	}
	p := filterParser{queryOptions: o}
	return p.object(v, "", 0)
}

// object reads what all holds of a document, or of one of its fields.
func (p *filterParser) object(v storage.Value, field string, depth int) (condition, error) {
	switch {
	case v.Type() != storage.Object:
		return anything, badQuery("filter: %.70s is no object", v)
	case depth > p.MaxDepth:
		return anything, badQuery("filter: nested deeper than %d levels", p.MaxDepth)
	}
	var parts []condition
	for name, inner := range v.Members() {
		part, err := p.member(name, inner, field, depth+1)
		if err != nil {
			return anything, err
		}
		parts = append(parts, part)
	}
	return allOf(parts), nil
}

func (p *filterParser) member(name string, v storage.Value, field string, depth int) (condition, error) {
	switch {
	case name == "_and" || name == "_or":
		return p.combination(name, v, field, depth)
	case strings.HasPrefix(name, "_"):
		return p.operator(name, v, field)
	}
	if field != "" {
		name = field + "." + name
	}
	if err := p.checkField("filter", name); err != nil {
		return anything, err
	}
	switch v.Type() {
	case storage.Object:
		return p.object(v, name, depth)
	case storage.Array:
		return anything, badQuery("filter: %.70s has a list without an operator", name)
	default:
		return p.operator("_eq", v, name)
	}
}

// combination reads the list of _and or _or. An empty one is no condition.
func (p *filterParser) combination(op string, v storage.Value, field string, depth int) (condition, error) {
	if v.Type() != storage.Array {
		return anything, badQuery("filter: %s takes a list", op)
	}
	var parts []condition
	for e := range v.Elements() {
		if len(parts) == p.MaxList {
			return anything, badQuery("filter: a list of more than %d entries", p.MaxList)
		}
		part, err := p.object(e, field, depth)
		if err != nil {
			return anything, err
		}
		parts = append(parts, part)
	}
	if op == "_or" && len(parts) > 0 {
		return anyOf(parts), nil
	}
	return allOf(parts), nil
}

// operator reads one condition on a field.
func (p *filterParser) operator(name string, v storage.Value, field string) (condition, error) {
	read, known := operators[name]
	switch {
	case !known:
		return anything, badQuery("filter: there is no operator %.70s", name)
	case field == "":
		return anything, badQuery("filter: %s stands for no field", name)
	}
	if p.conditions++; p.conditions > p.MaxList {
		return anything, badQuery("filter: more than %d conditions", p.MaxList)
	}
	f, err := read(p, name, v)
	if !f.trivial() {
		f.field = field
	}
	return f, err
}

// checkField tells whether a client may name a field so: a dotted path that means the same to every engine. What tells
// tombstones apart is not for clients.
func (o *queryOptions) checkField(where, field string) error {
	parts := strings.Split(field, ".")
	switch {
	case len(parts) > o.MaxDepth:
		return badQuery("%s: %.70s is deeper than %d levels", where, field, o.MaxDepth)
	case strings.ContainsAny(field, "\x00()") || len(field) > maxName:
		return badQuery("%s: %.70q is no field", where, field)
	case slices.Contains(secretFields, parts[0]):
		return badQuery("%s: %s cannot be asked for", where, parts[0])
	}
	for _, part := range parts {
		if part == "" || part[0] == '$' {
			return badQuery("%s: %.70q is no field", where, field)
		}
	}
	return nil
}

// maxName is how many bytes the name of a field may have.
const maxName = 512

// secretFields are names that no query may hold.
var secretFields = []string{"_id", storage.MarkField, "isValid"}

// allOf is met by what meets all the conditions. Equal sets of conditions give equal ones.
func allOf(parts []condition) condition { return combine("_and", parts) }

// anyOf is met by what meets one of the conditions, of which there are some.
func anyOf(parts []condition) condition {
	if slices.ContainsFunc(parts, condition.trivial) {
		return anything
	}
	return combine("_or", parts)
}

func combine(op string, parts []condition) condition {
	byText := map[string]condition{}
	var texts []string
	add := func(f condition) {
		text := string(f.text())
		if _, there := byText[text]; !there {
			texts = append(texts, text)
		}
		byText[text] = f
	}
	for _, f := range parts {
		if f.op != op {
			add(f)
			continue
		}
		for _, inner := range f.parts {
			add(inner)
		}
	}
	if len(texts) == 1 {
		return byText[texts[0]]
	}
	slices.Sort(texts)
	whole := condition{op: op}
	for _, text := range texts {
		whole.parts = append(whole.parts, byText[text])
	}
	return whole
}

// text is the condition as a filter that parses into it.
func (f condition) text() storage.Value {
	if f.field == "" {
		parts := make([]storage.Value, len(f.parts))
		for i, part := range f.parts {
			parts[i] = part.text()
		}
		return object(storage.Field{Name: f.op, Value: array(parts)})
	}
	operand := array(f.list)
	if !takesList(f.op) {
		operand = f.list[0]
	}
	return object(storage.Field{Name: f.field, Value: object(storage.Field{Name: f.op, Value: operand})})
}
