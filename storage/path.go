package storage

import (
	"strconv"
	"strings"
)

// visit calls leaf with each value that a dotted path leads to, absent included, until leaf returns true, and tells
// whether it did. As in MongoDB a path goes through objects by name and through arrays into every object in them; a
// numeric part is an index as well. An array at the end of the path is one value: what its elements mean is up to leaf.
// Where an array on the way holds nothing to go on with, leaf is not called.
func visit(v Value, path string, leaf func(Value) bool) bool {
	name, rest, deeper := strings.Cut(path, ".")
	next := v.Get(name)
	if !deeper {
		return leaf(next)
	}
	switch next.Type() {
	case Object:
		return visit(next, rest, leaf)
	case Array:
		return visitElements(next, rest, leaf)
	default:
		return leaf("")
	}
}

func visitElements(array Value, path string, leaf func(Value) bool) bool {
	name, rest, deeper := strings.Cut(path, ".")
	index, at := elementIndex(name), 0
	for e := range array.Elements() {
		// A part such as 0 names a field of the element only when there is one; else every element would count as one
		// that lacks it.
		if e.Type() == Object && (index < 0 || e.Get(name) != "") && visit(e, path, leaf) {
			return true
		}
		if at == index && visitIndexed(e, rest, deeper, leaf) {
			return true
		}
		at++
	}
	return false
}

func visitIndexed(e Value, rest string, deeper bool, leaf func(Value) bool) bool {
	switch {
	case !deeper:
		return leaf(e)
	case e.Type() == Object:
		return visit(e, rest, leaf)
	case e.Type() == Array:
		return visitElements(e, rest, leaf)
	default:
		return leaf("")
	}
}

// elementIndex is the array index that a part of a path stands for, -1 when it is none.
func elementIndex(name string) int {
	if name == "" || name[0] < '0' || name[0] > '9' || name[0] == '0' && len(name) > 1 {
		return -1
	}
	n, err := strconv.Atoi(name)
	if err != nil {
		return -1
	}
	return n
}
