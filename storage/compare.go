package storage

import (
	"cmp"
	"strings"
)

// Compare orders two values as MongoDB sorts them: null and absent, numbers, strings (by bytes), objects, arrays,
// booleans; objects field by field (type, name, value), arrays element by element.
func Compare(a, b Value) int {
	ta, tb := max(a.Type(), Null), max(b.Type(), Null)
	if ta != tb {
		return cmp.Compare(ta, tb)
	}
	switch ta {
	case Number:
		return compareNumbers(a, b)
	case String:
		return strings.Compare(a.Text(), b.Text())
	case Object:
		return compareObjects(a, b)
	case Array:
		return compareArrays(a, b)
	case Bool:
		return cmp.Compare(len(b), len(a)) // "false" is longer, and sorts first
	default:
		return 0
	}
}

// compareNumbers compares integers and doubles exactly, as MongoDB does.
func compareNumbers(a, b Value) int {
	x, whole := a.Int()
	y, also := b.Int()
	if whole && also {
		return cmp.Compare(x, y)
	}
	c := cmp.Compare(a.Float(), b.Float())
	if c == 0 && whole != also { // 2^63 - 1, which is no double, and 2^63, which is no integer here
		if whole {
			return -1
		}
		return 1
	}
	return c
}

func compareArrays(a, b Value) int {
	var x, y []Value
	for v := range a.Elements() {
		x = append(x, v)
	}
	for v := range b.Elements() {
		y = append(y, v)
	}
	for i := range min(len(x), len(y)) {
		if c := Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

func compareObjects(a, b Value) int {
	x, y := Document(a).Fields(), Document(b).Fields()
	for i := range min(len(x), len(y)) {
		if c := cmp.Compare(x[i].Value.Type(), y[i].Value.Type()); c != 0 {
			return c
		}
		if c := strings.Compare(x[i].Name, y[i].Name); c != 0 {
			return c
		}
		if c := Compare(x[i].Value, y[i].Value); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}
