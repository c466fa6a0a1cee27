package storage

import (
	"slices"
	"strconv"
	"strings"
)

// maxGap is how many elements beyond its end a patch may lengthen an array; they are filled with null.
const maxGap = 1000

// assignment gives the place at a path a value.
type assignment struct {
	path  []string
	value Value
}

// setFields is the document after its fields were set as MongoDB's $set does it: names with dots reach into objects and
// arrays, fields that are there keep their place, new ones follow in lexicographic order. It runs in the engine's one
// writer, so each object and array on the way is read and written once, however many fields are set in it. Errors:
// ErrInvalid for names that are no path, reach into a value that is neither object nor array, or reach into each other.
func setFields(doc Document, fields []Field) (Document, error) {
	assignments, err := assign(fields)
	if err != nil {
		return "", err
	}
	v, err := setMembers(Value(doc), assignments, 0)
	return Document(v), err
}

// assign are the assignments in the order in which new fields shall appear.
func assign(fields []Field) ([]assignment, error) {
	assignments := make([]assignment, 0, len(fields))
	for _, f := range fields {
		a := assignment{strings.Split(f.Name, "."), f.Value}
		for _, part := range a.path {
			if part == "" || part[0] == '$' {
				return nil, Invalid("Field %s cannot be set", f.Name)
			}
		}
		if len(a.path)-1+depthOf(f.Value) > MaxDepth {
			return nil, Invalid("nested deeper than %d levels", MaxDepth)
		}
		assignments = append(assignments, a)
	}
	slices.SortFunc(assignments, func(a, b assignment) int { return slices.Compare(a.path, b.path) })
	for i := 1; i < len(assignments); i++ {
		shorter, longer := assignments[i-1].path, assignments[i].path
		if len(shorter) <= len(longer) && slices.Equal(shorter, longer[:len(shorter)]) {
			return nil, Invalid("Fields %s and %s cannot be set together", strings.Join(shorter, "."), strings.Join(longer, "."))
		}
	}
	return assignments, nil
}

// setInside is the value with everything set that the assignments, which agree in the first parts of their paths, set in
// it; missing objects are made.
func setInside(v Value, assignments []assignment, depth int) (Value, error) {
	if first := assignments[0]; len(first.path) == depth {
		return first.value, nil // the only one, as no path begins with another
	}
	switch v.Type() {
	case Array:
		return setElements(v, assignments, depth)
	case Object, Absent:
		return setMembers(v, assignments, depth)
	default:
		return "", Invalid("Field %s cannot be set inside a value that is no object", assignments[0].path[depth])
	}
}

// setMembers is setInside for an object.
func setMembers(object Value, assignments []assignment, depth int) (Value, error) {
	groups := byPart(assignments, depth)
	fields := Document(object).Fields()
	places := make([]int, len(groups)) // in fields, counted from 1; 0: not there
	for i, f := range fields {
		at, found := slices.BinarySearchFunc(groups, f.Name, func(g []assignment, name string) int {
			return strings.Compare(g[0].path[depth], name)
		})
		if found {
			places[at] = i + 1
		}
	}
	for i, g := range groups {
		if places[i] == 0 {
			fields = append(fields, Field{Name: g[0].path[depth]})
			places[i] = len(fields)
		}
		f := &fields[places[i]-1]
		var err error
		if f.Value, err = setInside(f.Value, g, depth+1); err != nil {
			return "", err
		}
	}
	draft := Draft{fields}
	return Value(draft.Document()), nil
}

// byPart splits sorted assignments into those that agree in that part of their paths.
func byPart(assignments []assignment, depth int) (groups [][]assignment) {
	for start, end := 0, 1; start < len(assignments); end++ {
		if end == len(assignments) || assignments[end].path[depth] != assignments[start].path[depth] {
			groups = append(groups, assignments[start:end])
			start = end
		}
	}
	return groups
}

// setElements is setInside for an array, whose parts are places counted from 0.
func setElements(array Value, assignments []assignment, depth int) (Value, error) {
	elements := slices.Collect(array.Elements())
	for _, g := range byPart(assignments, depth) {
		part := g[0].path[depth]
		at, err := strconv.ParseUint(part, 10, 31)
		if err != nil || int(at) > len(elements)+maxGap || part != strconv.FormatUint(at, 10) {
			return "", Invalid("Field %s cannot be set inside an array", part)
		}
		var old Value
		if int(at) < len(elements) {
			old = elements[at]
		}
		inner, err := setInside(old, g, depth+1)
		if err != nil {
			return "", err
		}
		for len(elements) <= int(at) {
			elements = append(elements, "null")
		}
		elements[at] = inner
	}
	return arrayOf(elements), nil
}

func arrayOf(elements []Value) Value {
	out := []byte{'['}
	for i, e := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, e...)
	}
	return Value(append(out, ']'))
}

// depthOf is how deep a value is nested; 0 for a scalar.
func depthOf(v Value) int {
	deepest, depth := 0, 0
	quoted := false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
