package directus

import (
	"slices"

	"nightwire/storage"
)

// grouping is an aggregate query: which documents belong together, and what is computed of those that do.
type grouping struct {
	by        []string // fields; none: all documents are one group
	functions []function
	sort      []storage.SortKey // by fields of the groups' rows
}

// function is one computation over a group.
type function struct {
	name  string // count, sum, ...
	field string // *: the documents themselves
}

// functions are the names of the functions, and whether they work on documents too, not only on the values of a field.
var functions = map[string]bool{
	"count": true, "countAll": true, "countDistinct": false, "sum": false, "sumDistinct": false,
	"avg": false, "avgDistinct": false, "min": false, "max": false,
}

// grouping reads aggregate and group, which core calls groupBy.
func (p *queryParser) grouping() error {
	by, err := p.names("group", first(p.option("group"), p.option("groupBy")))
	if err != nil {
		return err
	}
	for _, field := range by {
		if err := p.options.checkField("group", field); err != nil {
			return err
		}
	}
	list, err := p.aggregate()
	if err != nil || len(by) == 0 && len(list) == 0 {
		return err
	}
	p.query.groups = &grouping{by: by, functions: list}
	if len(list) > 0 {
		p.say("aggregate", aggregateValue(list))
	}
	if len(by) > 0 {
		p.say("group", namesValue(by))
	}
	return nil
}

func first(values ...storage.Value) storage.Value {
	for _, v := range values {
		if v.Type() > storage.Null {
			return v
		}
	}
	return ""
}

func (p *queryParser) aggregate() ([]function, error) {
	v, err := fromText("aggregate", p.option("aggregate"))
	if err != nil || v.Type() <= storage.Null {
		return nil, err
	}
	if v.Type() != storage.Object {
		return nil, badQuery("aggregate: %.70s is no object", v)
	}
	var list []function
	for name, fields := range v.Members() {
		more, err := p.functionsOf(name, fields)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// functionsOf reads the fields that one function is computed of.
func (p *queryParser) functionsOf(name string, fields storage.Value) ([]function, error) {
	ofDocuments, known := functions[name]
	if !known {
		return nil, badQuery("aggregate: there is no function %.70s", name)
	}
	if name == "countAll" {
		return []function{{name, "*"}}, nil
	}
	names, err := p.names("aggregate", fields)
	if err != nil {
		return nil, err
	}
	var list []function
	for _, field := range names {
		if field == "*" && !ofDocuments {
			return nil, badQuery("aggregate: %s of what?", name)
		}
		if err := p.options.checkField("aggregate", field); err != nil {
			return nil, err
		}
		list = append(list, function{name, field})
	}
	return list, nil
}

// aggregateValue is the functions as a query names them. Those of one name follow each other.
func aggregateValue(list []function) storage.Value {
	var fields []storage.Field
	for len(list) > 0 {
		name := list[0].name
		end := slices.IndexFunc(list, func(f function) bool { return f.name != name })
		if end < 0 {
			end = len(list)
		}
		var of []string
		for _, f := range list[:end] {
			of = append(of, f.field)
		}
		fields, list = append(fields, storage.Field{Name: name, Value: namesValue(of)}), list[end:]
	}
	return object(fields...)
}

// completed is the order of the groups: what was asked for, then the fields that make the groups.
func (g *grouping) completed(keys []storage.SortKey) []storage.SortKey {
	for _, field := range g.by {
		if !slices.ContainsFunc(keys, func(k storage.SortKey) bool { return k.Path == field }) {
			keys = append(keys, storage.SortKey{Path: field})
		}
	}
	return keys
}
