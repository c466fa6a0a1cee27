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
// arrays, fields that are there keep their place, new ones follow in lexicographic order. Errors: ErrInvalid for names that
// are no path, reach into a value that is neither object nor array, or reach into each other.
func setFields(doc Document, fields []Field) (Document, error) {
	assignments, err := assign(fields)
	if err != nil {
		return "", err
	}
	d := doc.Edit()
	for _, a := range assignments {
		v, err := setPath(d.Get(a.path[0]), a.path[1:], a.value)
		if err != nil {
			return "", err
		}
		d.Set(a.path[0], v)
	}
	return d.Document(), nil
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

// setPath is the value with the place at the path, seen from it, changed; missing objects are made.
func setPath(v Value, path []string, to Value) (Value, error) {
	if len(path) == 0 {
		return to, nil
	}
	switch v.Type() {
	case Array:
		return setElement(v, path, to)
	case Object, Absent:
		d := &Draft{}
		if v != "" {
			d = Document(v).Edit()
		}
		inner, err := setPath(d.Get(path[0]), path[1:], to)
		if err != nil {
			return "", err
		}
		d.Set(path[0], inner)
		return Value(d.Document()), nil
	default:
		return "", Invalid("Field %s cannot be set inside a value that is no object", path[0])
	}
}

// setElement is setPath for an array, whose parts are places counted from 0.
func setElement(array Value, path []string, to Value) (Value, error) {
	elements := slices.Collect(array.Elements())
	at, err := strconv.ParseUint(path[0], 10, 31)
	if err != nil || int(at) > len(elements)+maxGap || path[0] != strconv.FormatUint(at, 10) {
		return "", Invalid("Field %s cannot be set inside an array", path[0])
	}
	var old Value
	if int(at) < len(elements) {
		old = elements[at]
	}
	inner, err := setPath(old, path[1:], to)
	if err != nil {
		return "", err
	}
	for len(elements) <= int(at) {
		elements = append(elements, "null")
	}
	elements[at] = inner
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
