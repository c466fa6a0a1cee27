package mongo

import (
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// maxList is how many values of a list are sent to the server. A longer one is judged here.
const maxList = 10_000

// narrowing is a condition for the server: every document that the filter matches meets it. A filter has one meaning, that of
// storage.Filter.Match, and is asked in the end; the server only spares us documents.
type narrowing struct {
	filter bson.D // empty: all documents
	exact  bool   // and no other document does
}

// everything is what remains of a condition that the server cannot judge.
var everything = narrowing{filter: bson.D{}}

// matchAll and matchNone are conditions that hold always and never.
func matchAll() narrowing { return narrowing{bson.D{}, true} }
func matchNone() narrowing {
	return narrowing{bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: bson.A{}}}}}, true}
}

// translator turns filters into conditions. Only our own operators are written, values are always operands of one, and paths
// that the server would read otherwise than we do are left out; so nothing that a client sends can act as an operator.
type translator struct {
	// plain tells of a path that no document holds a value there that is shown as one of another type (plain.go).
	plain func(path string) bool
}

func (t translator) translate(f *storage.Filter) narrowing {
	switch f.Op {
	case storage.And:
		return t.and(f.All)
	case storage.Or:
		return t.or(f.All)
	}
	if f.Path == "identifier" {
		if n, ok := identified(f); ok {
			return n
		}
	}
	if !sameForServer(f.Path) {
		return everything
	}
	return t.condition(f)
}

func (t translator) and(children []storage.Filter) narrowing {
	all, exact := bson.A{}, true
	for i := range children {
		n := t.translate(&children[i])
		exact = exact && n.exact
		if len(n.filter) > 0 {
			all = append(all, n.filter)
		}
	}
	switch len(all) {
	case 0:
		return narrowing{bson.D{}, exact}
	case 1:
		return narrowing{all[0].(bson.D), exact}
	default:
		return narrowing{bson.D{{Key: "$and", Value: all}}, exact}
	}
}

func (t translator) or(children []storage.Filter) narrowing {
	if len(children) == 0 {
		return matchNone()
	}
	any, exact := bson.A{}, true
	for i := range children {
		n := t.translate(&children[i])
		if len(n.filter) == 0 {
			return n
		}
		exact = exact && n.exact
		any = append(any, n.filter)
	}
	return narrowing{bson.D{{Key: "$or", Value: any}}, exact}
}

// identified is a condition for identifiers, which are those shown: documents without one of their own show their _id.
func identified(f *storage.Filter) (narrowing, bool) {
	list := f.List
	switch f.Op {
	case storage.Eq:
		list = []storage.Value{f.Value}
	case storage.In:
	default:
		return narrowing{}, false
	}
	names, ids := bson.A{}, bson.A{}
	for _, v := range list {
		if v.Type() == storage.String && v != `""` {
			names = append(names, v.Text())
			ids = append(ids, idForms(v.Text())...)
		}
	}
	if len(names) > maxList || len(names) != len(list) {
		return narrowing{}, false
	}
	return narrowing{filter: bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "identifier", Value: bson.D{{Key: "$in", Value: names}}}},
		bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}},
	}}}}, true
}

// sameForServer tells whether the server goes the same way by a path as we do. It would take $ for an operator, sees hidden
// fields, and reads a number as an index in other cases.
func sameForServer(path string) bool {
	parts := strings.Split(path, ".")
	if parts[0] == "_id" || parts[0] == markField || len(parts) > storage.MaxDepth || parts[0] == "identifier" && len(parts) > 1 {
		return false
	}
	for _, part := range parts {
		if part == "" || part[0] == '$' || part[0] >= '0' && part[0] <= '9' {
			return false
		}
	}
	return utf8.ValidString(path) && strings.IndexByte(path, 0) < 0
}

// condition translates a condition on one path.
func (t translator) condition(f *storage.Filter) narrowing {
	switch f.Op {
	case storage.Exists:
		if f.Path == "identifier" { // everybody shows one
			return everything
		}
		return operation(f.Path, "$exists", f.Value.Truthy())
	case storage.Regexp:
		return t.pattern(f)
	case storage.NotRegexp:
		return everything // what lacks a text that an expression needs is only a part of what does not match
	case storage.In, storage.Nin:
		return t.list(f)
	default:
		return t.comparison(f)
	}
}

var operators = map[storage.Op]string{
	storage.Eq: "$eq", storage.Ne: "$ne", storage.Gt: "$gt", storage.Gte: "$gte", storage.Lt: "$lt", storage.Lte: "$lte",
	storage.In: "$in", storage.Nin: "$nin",
}

func (t translator) comparison(f *storage.Filter) narrowing {
	op := f.Op
	if max(f.Value.Type(), storage.Null) == storage.Null {
		switch op {
		case storage.Gt, storage.Lt:
			return matchNone()
		case storage.Gte, storage.Lte:
			op = storage.Eq // some servers break down at a comparison with null
		}
	}
	if !t.comparable(f.Path, f.Value) {
		return everything
	}
	v, err := encodeValue(orNull(f.Value))
	if err != nil {
		return everything
	}
	return operation(f.Path, operators[op], v)
}

func (t translator) list(f *storage.Filter) narrowing {
	switch {
	case len(f.List) == 0 && f.Op == storage.In:
		return matchNone()
	case len(f.List) == 0:
		return matchAll()
	case len(f.List) > maxList:
		return everything
	}
	values := make(bson.A, 0, len(f.List))
	for _, v := range f.List {
		stored, err := encodeValue(orNull(v))
		if err != nil || !t.comparable(f.Path, v) {
			return everything
		}
		values = append(values, stored)
	}
	return operation(f.Path, operators[f.Op], values)
}

// comparable tells whether the server finds the same values on a path equal to, greater or less than this one. Objects and
// arrays may hold, anywhere within, what is shown as another type. What lacks a path into arrays is a matter of opinion.
func (t translator) comparable(path string, v storage.Value) bool {
	switch v.Type() {
	case storage.Object, storage.Array:
		return false
	case storage.Bool:
		return path != "identifier"
	case storage.Absent, storage.Null:
		return !strings.Contains(path, ".") && t.plain(path)
	default:
		return t.plain(path)
	}
}

func orNull(v storage.Value) storage.Value {
	if v == "" {
		return "null"
	}
	return v
}

func operation(path, operator string, operand any) narrowing {
	return narrowing{bson.D{{Key: path, Value: bson.D{{Key: operator, Value: operand}}}}, true}
}
