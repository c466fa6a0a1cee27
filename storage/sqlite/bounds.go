package sqlite

import (
	"slices"
	"strconv"
	"strings"

	"nightwire/storage"
)

// bounds are the conditions that a query puts on one column. All of them hold for every document that matches; of several
// of one sort the first is used.
type bounds struct {
	null  bool // equal to null, which here is NULL
	never bool // of another type than all values: nothing matches
	equal storage.Value
	among storage.Value // array
	low   storage.Value
	lowOp string
	high  storage.Value
	hiOp  string
}

// gather collects the conditions of a filter that every match must meet.
func gather(b *[columnCount]bounds, f *storage.Filter, odd oddSet) {
	if f.Op == storage.And {
		for i := range f.All {
			gather(b, &f.All[i], odd)
		}
		return
	}
	i := columnOf(f.Path)
	if i < 0 || odd.has(i) {
		return
	}
	if f.Op == storage.Eq && f.Value.Type() == storage.Null {
		b[i].null = true
	} else if f.Op == storage.In {
		b[i].addList(f.List, columns[i].kind)
	} else if f.Value.Type() == columns[i].kind {
		b[i].add(f)
	} else if f.Value.Type() > storage.Null && slices.Contains(comparisons, f.Op) {
		b[i].never = true
	}
}

// comparisons hold only between values of one type.
var comparisons = []storage.Op{storage.Eq, storage.Gt, storage.Gte, storage.Lt, storage.Lte}

func (b *bounds) add(f *storage.Filter) {
	switch {
	case f.Op == storage.Eq && b.equal == "":
		b.equal = f.Value
	case (f.Op == storage.Gt || f.Op == storage.Gte) && b.low == "":
		b.low, b.lowOp = f.Value, map[bool]string{true: " > ?", false: " >= ?"}[f.Op == storage.Gt]
	case (f.Op == storage.Lt || f.Op == storage.Lte) && b.high == "":
		b.high, b.hiOp = f.Value, map[bool]string{true: " < ?", false: " <= ?"}[f.Op == storage.Lt]
	}
}

// addList takes a list all of whose values the column can hold. Escapes stay out: SQLite and we read lone surrogates
// differently.
func (b *bounds) addList(list []storage.Value, kind storage.Type) {
	var text strings.Builder
	text.WriteByte('[')
	for i, v := range list {
		if v.Type() != kind || strings.Contains(string(v), `\u`) {
			return
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(string(v))
	}
	text.WriteByte(']')
	b.among = storage.Value(text.String())
}

// pointed: a few single values.
func (b *bounds) pointed() bool { return b.equal != "" || b.among != "" }

// ranged: one stretch of the index.
func (b *bounds) ranged() bool { return b.equal != "" || b.low != "" || b.high != "" }

// score is higher the fewer documents are likely to be left, and 0 without conditions.
func (b *bounds) score(column int) int {
	switch {
	case b.equal != "" && column != eventType:
		return 5
	case b.among != "" && column != eventType:
		return 4
	case b.low != "" && b.high != "" && column != eventType:
		return 3
	case b.pointed():
		return 2
	case b.ranged():
		return 1
	default:
		return 0
	}
}

// plan reads the part of the column's index that lies within the bounds.
func (b *bounds) plan(column, order int, desc bool) plan {
	p := plan{index: columns[column].name, order: order, desc: desc}
	name := columns[column].quoted()
	switch {
	case b.never:
		p.where = []string{name + " = NULL"}
	case b.equal != "":
		p.add(name+" = ?", b.equal)
	case b.among != "" && order < 0:
		p.where, p.values = []string{name + " IN (SELECT value FROM json_each(?1))"}, []storage.Value{b.among}
	default:
		if b.low != "" {
			p.add(name+b.lowOp, b.low)
		}
		if b.high != "" {
			p.add(name+b.hiOp, b.high)
		}
	}
	return p
}

func (p *plan) add(condition string, v storage.Value) {
	p.values = append(p.values, v)
	p.where = append(p.where, condition+strconv.Itoa(len(p.values)))
}
