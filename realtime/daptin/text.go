package daptin

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"nightwire/storage"
)

// The texts here are those that Go's encoding/json makes of maps, which is what Daptin sends: the names of objects in the
// order of their bytes, and strings safe within HTML.

// compact is a value in that text.
func compact(v storage.Value) []byte {
	return appendValue(make([]byte, 0, len(v)+len(v)/8), v, appendNumber)
}

// appendValue appends a value; how numbers are written is the caller's choice.
func appendValue(out []byte, v storage.Value, number func([]byte, storage.Value) []byte) []byte {
	switch v.Type() {
	case storage.Absent:
		return append(out, "null"...)
	case storage.Number:
		return number(out, v)
	case storage.String:
		return appendText(out, v)
	case storage.Object:
		return appendObject(out, sorted(storage.Document(v).Fields()), number)
	case storage.Array:
		out = append(out, '[')
		for one := range v.Elements() {
			out = append(appendValue(out, one, number), ',')
		}
		return closed(out, ']')
	default:
		return append(out, v...)
	}
}

// appendObject appends an object of fields that are sorted.
func appendObject(out []byte, fields []storage.Field, number func([]byte, storage.Value) []byte) []byte {
	out = append(out, '{')
	for _, f := range fields {
		out = append(appendText(out, storage.StringValue(f.Name)), ':')
		out = append(appendValue(out, f.Value, number), ',')
	}
	return closed(out, '}')
}

// closed puts the closing bracket in the place of the last comma.
func closed(out []byte, bracket byte) []byte {
	if last := len(out) - 1; out[last] == ',' {
		out[last] = bracket
		return out
	}
	return append(out, bracket)
}

// sorted are the fields by name. It changes their order in place.
func sorted(fields []storage.Field) []storage.Field {
	slices.SortFunc(fields, func(a, b storage.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// appendText appends a string. Most need no escape that they do not have.
func appendText(out []byte, v storage.Value) []byte {
	if !strings.ContainsAny(string(v), "\\<>&\u2028\u2029") {
		return append(out, v...)
	}
	text, err := json.Marshal(v.Text())
	if err != nil {
		return append(out, v...) // a string can always be written
	}
	return append(out, text...)
}

// appendNumber appends a number as it came when it is an integer, which may be larger than a double can be exactly.
func appendNumber(out []byte, v storage.Value) []byte {
	if !strings.ContainsAny(string(v), ".eE") {
		return append(out, v...)
	}
	return appendDouble(out, v)
}

// appendDouble appends a number as a double, so that equal ones are equal texts.
func appendDouble(out []byte, v storage.Value) []byte {
	f := v.Float()
	if f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		f = 0 // -0 is equal to it; there are no others in JSON
	}
	text, err := json.Marshal(f)
	if err != nil {
		return append(out, v...) // a finite number can always be written
	}
	return append(out, text...)
}

// comparison is a value as a text that is equal for equal values: of the same type, numbers as doubles, objects whatever
// the order of their members. Absent values are null.
func comparison(v storage.Value) string { return string(appendValue(nil, v, appendDouble)) }

// quoted is a Go string as a JSON string.
func quoted(text string) []byte { return appendText(nil, storage.StringValue(text)) }

// appendBase64 appends a text as the typed dialect sends data: a JSON string of base64.
func appendBase64(out, text []byte) []byte {
	out = append(out, '"')
	out = base64.StdEncoding.AppendEncode(out, text)
	return append(out, '"')
}
