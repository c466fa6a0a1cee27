package directus

import (
	"slices"
	"strings"

	"nightwire/storage"
)

// operators are the operators of filters and how their operands are read.
var operators = map[string]func(p *filterParser, op string, v storage.Value) (condition, error){
	"_eq": (*filterParser).equality, "_neq": (*filterParser).equality,
	"_lt": (*filterParser).order, "_lte": (*filterParser).order, "_gt": (*filterParser).order, "_gte": (*filterParser).order,
	"_in": (*filterParser).membership, "_nin": (*filterParser).membership,
	"_between": (*filterParser).interval, "_nbetween": (*filterParser).interval,
	"_null": (*filterParser).flag, "_nnull": (*filterParser).flag,
	"_empty": (*filterParser).flag, "_nempty": (*filterParser).flag,
	"_contains": (*filterParser).part, "_ncontains": (*filterParser).part,
	"_icontains": (*filterParser).part, "_nicontains": (*filterParser).part,
	"_starts_with": (*filterParser).part, "_nstarts_with": (*filterParser).part,
	"_istarts_with": (*filterParser).part, "_nistarts_with": (*filterParser).part,
	"_ends_with": (*filterParser).part, "_nends_with": (*filterParser).part,
	"_iends_with": (*filterParser).part, "_niends_with": (*filterParser).part,
	"_ieq": (*filterParser).part, "_nieq": (*filterParser).part,
}

// takesList tells whether the operand of an operator is a list.
func takesList(op string) bool {
	return op == "_in" || op == "_nin" || op == "_between" || op == "_nbetween"
}

// nothing is met by no document.
var nothing = condition{op: "_in"}

func (p *filterParser) equality(op string, v storage.Value) (condition, error) {
	operand, err := p.scalar(op, v)
	if operand == "null" {
		return condition{op: map[string]string{"_eq": "_null", "_neq": "_nnull"}[op], list: yes}, err
	}
	return condition{op: op, list: []storage.Value{operand}}, err
}

var yes = []storage.Value{"true"}

// order reads a comparison. As in SQL nothing is less or greater than null.
func (p *filterParser) order(op string, v storage.Value) (condition, error) {
	operand, err := p.scalar(op, v)
	if operand == "null" {
		return nothing, err
	}
	return condition{op: op, list: []storage.Value{operand}}, err
}

// membership reads a list. What is in no empty list is everything, null too.
func (p *filterParser) membership(op string, v storage.Value) (condition, error) {
	list, err := p.list(op, v)
	if op == "_nin" && len(list) == 0 {
		return anything, err
	}
	slices.SortFunc(list, func(a, b storage.Value) int {
		if c := storage.Compare(a, b); c != 0 {
			return c
		}
		return strings.Compare(string(a), string(b))
	})
	return condition{op: op, list: slices.Compact(list)}, err
}

// interval reads two bounds. Directus takes another number of them for no condition.
func (p *filterParser) interval(op string, v storage.Value) (condition, error) {
	list, err := p.list(op, v)
	switch {
	case len(list) != 2:
		return anything, err
	case slices.Contains(list, "null"):
		return nothing, err
	default:
		return condition{op: op, list: list}, err
	}
}

// flag reads an operator that says yes or no to a property.
func (p *filterParser) flag(op string, v storage.Value) (condition, error) {
	switch v {
	case "true", `"true"`, "1", `"1"`, `""`: // a URL's ?filter[f][_null] says no more
	case "false", `"false"`, "0", `"0"`:
		op = opposites[op]
	default:
		return anything, badQuery("filter: %s takes true or false", op)
	}
	return condition{op: op, list: yes}, nil
}

var opposites = map[string]string{"_null": "_nnull", "_nnull": "_null", "_empty": "_nempty", "_nempty": "_empty"}

// maxText is how many bytes the texts of a query may have together that are looked for within others: each costs hundreds of
// times its size as long as the query is held.
const maxText = 4096

// part reads an operator on the text of a field.
func (p *filterParser) part(op string, v storage.Value) (condition, error) {
	if v.Type() != storage.String || strings.HasPrefix(v.Text(), "$") {
		var err error
		if v, err = p.scalar(op, v); err != nil {
			return anything, err
		}
	}
	text, ok := textOf(v)
	switch {
	case !ok:
		return anything, badQuery("filter: %s takes a text", op)
	case p.texts+len(text) > maxText:
		return anything, badQuery("filter: texts of more than %d bytes", maxText)
	}
	p.texts += len(text)
	return condition{op: op, list: []storage.Value{storage.StringValue(text)}}, nil
}

// list reads a list of scalars: an array, or values with commas between them.
func (p *filterParser) list(op string, v storage.Value) ([]storage.Value, error) {
	var list []storage.Value
	for _, e := range elementsOf(v) {
		if len(list) == p.MaxList {
			return nil, badQuery("filter: a list of more than %d entries", p.MaxList)
		}
		operand, err := p.scalar(op, e)
		if err != nil {
			return nil, err
		}
		list = append(list, operand)
	}
	return list, nil
}
