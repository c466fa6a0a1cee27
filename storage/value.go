package storage

import (
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"strings"
)

// Type is the JSON type of a value. The order is the one in which MongoDB sorts values of different types.
type Type uint8

// The types, in sorting order. Absent values sort like null.
const (
	Absent Type = iota
	Null
	Number
	String
	Object
	Array
	Bool
)

// Type tells what the value is.
func (v Value) Type() Type {
	if v == "" {
		return Absent
	}
	switch v[0] {
	case 'n':
		return Null
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	default:
		return Number
	}
}

// StringValue is the value of a Go string. Invalid UTF-8 becomes U+FFFD.
func StringValue(s string) Value {
	return Value(appendString(make([]byte, 0, len(s)+2), s))
}

// appendString appends a string in canonical form, with its quotes.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		out = appendRune(out, r)
	}
	return append(out, '"')
}

// IntValue is the value of an integer.
func IntValue(n int64) Value { return Value(strconv.FormatInt(n, 10)) }

// BoolValue is true or false.
func BoolValue(b bool) Value {
	if b {
		return "true"
	}
	return "false"
}

// Text is the characters of a string, and "" for any other type. A lone surrogate becomes U+FFFD.
func (v Value) Text() string {
	if v.Type() != String {
		return ""
	}
	if strings.IndexByte(string(v), '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	if err := json.Unmarshal([]byte(v), &s); err != nil {
		return "" // canonical text is valid, so this does not happen
	}
	return s
}

// Float is a number as a double; NaN for any other type.
func (v Value) Float() float64 {
	if v.Type() != Number {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// Int is a number as a 64-bit integer; ok is false for other types and for numbers with a fraction or out of range.
// 1.0 and 1e3 are integers.
func (v Value) Int() (n int64, ok bool) {
	if v.Type() != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		return n, true
	}
	f := v.Float()
	if f != math.Trunc(f) || f < -1<<63 || f >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// Truthy is JavaScript's idea of a true value, in which much of Nightscout's behaviour is expressed.
func (v Value) Truthy() bool {
	switch v.Type() {
	case Absent, Null:
		return false
	case Bool:
		return v == "true"
	case Number:
		return v.Float() != 0
	case String:
		return v != `""`
	default:
		return true
	}
}

// Elements yields the elements of an array, and nothing for other types.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) { v.elements(yield) } // apart, so that this is inlined and allocates nothing
}

func (v Value) elements(yield func(Value) bool) {
	if v.Type() != Array {
		return
	}
	for at := 1; v[at] != ']'; {
		if v[at] == ',' {
			at++
		}
		end := skip(string(v), at)
		if !yield(v[at:end]) {
			return
		}
		at = end
	}
}

// Members yields names and values of an object in order, and nothing for other types.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) { v.members(yield) }
}

func (v Value) members(yield func(string, Value) bool) {
	if v.Type() != Object {
		return
	}
	for at := 1; v[at] != '}'; {
		if v[at] == ',' {
			at++
		}
		colon := skip(string(v), at)
		end := skip(string(v), colon+1)
		if !yield(v[at:colon].Text(), v[colon+1:end]) {
			return
		}
		at = end
	}
}

// Get is the member of an object with that name; absent when there is none or this is no object.
func (v Value) Get(name string) Value {
	if v.Type() != Object {
		return ""
	}
	s := string(v)
	for at := 1; s[at] != '}'; {
		if s[at] == ',' {
			at++
		}
		colon := skip(s, at)
		end := skip(s, colon+1)
		if key := s[at+1 : colon-1]; key == name || strings.IndexByte(key, '\\') >= 0 && Value(s[at:colon]).Text() == name {
			return v[colon+1 : end]
		}
		at = end
	}
	return ""
}

// skip returns the end of the value that starts at the given place of canonical text.
func skip(s string, at int) int {
	switch s[at] {
	case '"':
		for at++; s[at] != '"'; at++ {
			if s[at] == '\\' {
				at++
			}
		}
		return at + 1
	case '{', '[':
		for depth := 0; ; {
			switch s[at] {
			case '"':
				at = skip(s, at)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return at + 1
				}
			}
			at++
		}
	default:
		for at < len(s) && s[at] != ',' && s[at] != '}' && s[at] != ']' {
			at++
		}
		return at
	}
}

// Equal is equality by value: numbers by size, strings by characters, objects with their fields in the same order.
func (v Value) Equal(w Value) bool { return v == w || v.Type() == w.Type() && Compare(v, w) == 0 }
