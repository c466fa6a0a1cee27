package users

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"nightwire/storage"
)

// The protocol is JavaScript's: what a client sends is taken as JSON.parse, String and JSON.stringify take it.

// text is a value as JavaScript makes a string of it; "" of null and of nothing.
func text(v storage.Value) string {
	switch v.Type() {
	case storage.Absent, storage.Null:
		return ""
	case storage.String:
		return v.Text()
	case storage.Number:
		return v.NumberText()
	case storage.Object:
		return "[object Object]"
	case storage.Array:
		var parts []string
		for one := range v.Elements() {
			parts = append(parts, text(one))
		}
		return strings.Join(parts, ",")
	default:
		return string(v)
	}
}

// appendJSON appends a value as JSON.stringify writes it: numbers in one form. Only 64-bit integers keep more digits than it
// knows.
func appendJSON(out []byte, v storage.Value) []byte {
	switch v.Type() {
	case storage.Number:
		return append(out, v.NumberText()...)
	case storage.Array:
		out = append(out, '[')
		for one := range v.Elements() {
			out = append(appendJSON(out, one), ',')
		}
		return closed(out, ']')
	case storage.Object:
		out = append(out, '{')
		for _, f := range ordered(storage.Document(v).Fields()) {
			out = append(append(out, storage.StringValue(f.Name)...), ':')
			out = append(appendJSON(out, f.Value), ',')
		}
		return closed(out, '}')
	default:
		return append(out, v...)
	}
}

// closed puts the closing bracket in the place of the last comma.
func closed(out []byte, bracket byte) []byte {
	if last := len(out) - 1; out[last] == ',' {
		out[last] = bracket
		return out
	}
	return append(out, bracket)
}

// ordered are the members of an object in JavaScript's order: those whose names are indexes come first. It changes their
// order in place.
func ordered(fields []storage.Field) []storage.Field {
	slices.SortStableFunc(fields, func(a, b storage.Field) int {
		m, isIndex := index(a.Name)
		n, isToo := index(b.Name)
		switch {
		case isIndex && isToo:
			return cmp.Compare(m, n)
		case isIndex:
			return -1
		case isToo:
			return 1
		default:
			return 0
		}
	})
	return fields
}

// index is a name as JavaScript's index of an array; ok is false when it is none.
func index(name string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(name, 10, 32)
	return n, err == nil && n < 1<<32-1 && name == strconv.FormatUint(n, 10)
}

// trim takes away white space as JavaScript does.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff' })
}
