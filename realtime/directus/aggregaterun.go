package directus

import (
	"slices"
	"strings"

	"nightwire/storage"
)

// group is documents that agree in the fields of a grouping.
type group struct {
	by      []storage.Value
	results []accumulator // one per function
}

// grouped are the rows of an aggregate query. Without fields to group by there is one, of no documents too.
func (q *query) grouped(search searcher) ([]storage.Value, error) {
	if q.limit == 0 {
		return nil, nil
	}
	groups, err := q.gather(search)
	if err != nil {
		return nil, err
	}
	q.groups.order(groups)
	groups = groups[min(q.offset, len(groups)):]
	if q.limit > 0 {
		groups = groups[:min(q.limit, len(groups))]
	}
	rows := make([]storage.Value, len(groups))
	for i, g := range groups {
		rows[i] = q.groups.row(g)
	}
	return rows, nil
}

// perGroup and perFunction are about what it costs to hold a group, and each function of it, besides the values.
const (
	perGroup    = 256
	perFunction = 128
)

// gather reads the documents into their groups.
func (q *query) gather(search searcher) ([]*group, error) {
	var groups []*group
	byKey := map[string]*group{}
	if len(q.groups.by) == 0 {
		groups = append(groups, q.groups.open(nil))
		byKey[""] = groups[0]
	}
	left := q.budget()
	for doc, err := range search(storage.Query{Filter: q.find.Filter}) {
		if err != nil {
			return nil, err
		}
		if !q.found(doc) {
			continue
		}
		by, key := q.groupOf(doc)
		g := byKey[key]
		if g == nil {
			if err := left.spend(4*len(key) + perGroup + perFunction*len(q.groups.functions)); err != nil {
				return nil, err
			}
			for i := range by {
				by[i] = kept(storage.Value(same(by[i])))
			}
			g = q.groups.open(by)
			groups, byKey[key] = append(groups, g), g
		}
		for i, f := range q.groups.functions {
			if err := g.results[i].add(q.valueAt(doc, f.field), &left); err != nil {
				return nil, err
			}
		}
	}
	return groups, nil
}

// groupOf are the values by which a document is grouped, and a text that is equal when they are.
func (q *query) groupOf(doc storage.Document) (by []storage.Value, key string) {
	var text strings.Builder
	for _, field := range q.groups.by {
		v := orNull(q.valueAt(doc, field))
		by = append(by, v)
		text.WriteString(same(v))
		text.WriteByte(',')
	}
	return by, text.String()
}

// same is a text that is equal for equal values: numbers come in several forms.
func same(v storage.Value) string {
	if v.Type() == storage.Number {
		return v.NumberText()
	}
	return string(v)
}

// valueAt is the value of a field, dotted to reach into objects; of * something that is there.
func (q *query) valueAt(doc storage.Document, field string) storage.Value {
	if field == "*" {
		return "true"
	}
	name, rest, deeper := strings.Cut(field, ".")
	v := doc.Get(name)
	if name == "id" {
		v = keyOf(q.collection, doc)
	}
	for deeper {
		name, rest, deeper = strings.Cut(rest, ".")
		v = v.Get(name)
	}
	return v
}

func (g *grouping) open(by []storage.Value) *group {
	opened := &group{by: by, results: make([]accumulator, len(g.functions))}
	for i, f := range g.functions {
		opened.results[i] = newAccumulator(f.name)
	}
	return opened
}

// row is a group as clients see it: its fields, then by function and field what was computed. Counts of documents stand for
// themselves.
func (g *grouping) row(of *group) storage.Value {
	var row []storage.Field
	for i, field := range g.by {
		row = append(row, storage.Field{Name: field, Value: of.by[i]})
	}
	for i := 0; i < len(g.functions); {
		name, start := g.functions[i].name, i
		var fields []storage.Field
		for ; i < len(g.functions) && g.functions[i].name == name; i++ {
			fields = append(fields, storage.Field{Name: g.functions[i].field, Value: of.results[i].result()})
		}
		v := object(fields...)
		if len(fields) == 1 && g.functions[start].field == "*" {
			v = fields[0].Value
		}
		row = append(row, storage.Field{Name: name, Value: v})
	}
	return object(row...)
}

// order puts groups into the order of the query. What is no field of a group's row counts as null.
func (g *grouping) order(groups []*group) {
	q := storage.Query{Sort: g.sort}
	keys := make(map[*group][]storage.Value, len(groups))
	for _, of := range groups {
		for _, k := range g.sort {
			keys[of] = append(keys[of], orNull(g.value(of, k.Path)))
		}
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return q.CompareKeys(keys[a], keys[b]) })
}

// value is a field of a group's row: one that it is grouped by, count, or sum.n.
func (g *grouping) value(of *group, path string) storage.Value {
	if i := slices.Index(g.by, path); i >= 0 {
		return of.by[i]
	}
	name, field, _ := strings.Cut(path, ".")
	if field == "" {
		field = "*"
	}
	if i := slices.Index(g.functions, function{name, field}); i >= 0 {
		return of.results[i].result()
	}
	return "null"
}
