package storage

import "regexp"

// Query selects documents. Every face parses into it; no driver's filter passes through.
type Query struct {
	Filter Filter
	Sort   []SortKey // later keys break ties; missing counts as null
	Skip   int
	Limit  int // 0: no limit
}

// SortKey orders by a dotted path, across types in MongoDB's order.
type SortKey struct {
	Path string
	Desc bool
}

// Op is the operator of a Filter.
type Op uint8

// The operators. And with no children matches everything; it is the zero value.
const (
	And Op = iota
	Or
	Eq        // Value; arrays match by any element, as in MongoDB; Eq null matches missing fields
	Ne        // not Eq
	Gt        // same type only
	Gte       // same type only
	Lt        // same type only
	Lte       // same type only
	In        // any of List by Eq
	Nin       // none of List by Eq
	Regexp    // Pattern matches a string, unanchored
	Exists    // Value true or false: the field is present (null counts as present)
	NotRegexp // not Regexp; holds for all that is no string
)

// Filter is a condition on one path, or a combination (And, Or) of others.
type Filter struct {
	Op      Op
	All     []Filter // children of And and Or
	Path    string   // dotted
	Value   Value
	List    []Value
	Pattern *regexp.Regexp

	sorted  []Value  // List in Compare's order, once Prepared
	literal *literal // what Pattern looks for, once Prepared; nil: it has to be asked
}
