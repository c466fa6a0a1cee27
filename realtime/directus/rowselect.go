package directus

import (
	"slices"
	"strings"

	"nightwire/storage"
)

// selection is which fields of an object are wanted, in order; nil: the object as it is.
type selection struct {
	columns []column
}

// column is one wanted field.
type column struct {
	name   string // in the answer; *: all that there are
	source string // in the row: another one than name for an alias
	inside *selection
}

// parseSelection reads the fields and the alias of a query; nil: rows as they are. Errors: errBadQuery.
func parseSelection(fields []string, alias []storage.Field, o queryOptions) (*selection, error) {
	if len(alias) == 0 && (len(fields) == 0 || slices.Equal(fields, []string{"*"})) {
		return nil, nil
	}
	if len(fields) == 0 {
		fields = []string{"*"}
	}
	whole := &selection{}
	for _, field := range fields {
		if err := o.checkField("fields", field); err != nil && !isSecret(field) {
			return nil, err
		}
		path := strings.Split(field, ".")
		if path[0] == "*" {
			whole.add([]string{"*"})
			for _, a := range alias {
				whole.add([]string{a.Name})
			}
			continue
		}
		whole.add(path)
	}
	for i := range whole.columns {
		if target := fieldOf(alias, whole.columns[i].name); target != "" {
			whole.columns[i].source = target.Text()
		}
	}
	return whole, nil
}

// isSecret tells that no row has the field: it may be named, as any name that is none may.
func isSecret(field string) bool {
	first, _, _ := strings.Cut(field, ".")
	return slices.Contains(secretFields, first)
}

// add takes a path into the selection. A field that is wanted whole and in part is wanted whole.
func (s *selection) add(path []string) {
	at := slices.IndexFunc(s.columns, func(c column) bool { return c.name == path[0] })
	whole := len(path) == 1 || path[1] == "*"
	if at < 0 {
		c := column{name: path[0], source: path[0]}
		if !whole {
			c.inside = &selection{}
		}
		at, s.columns = len(s.columns), append(s.columns, c)
	}
	switch c := &s.columns[at]; {
	case whole:
		c.inside = nil
	case c.inside != nil:
		c.inside.add(path[1:])
	}
}

// of are the wanted ones of some fields, each at its first mention. Those that are not there are left out.
func (s *selection) of(fields []storage.Field) []storage.Field {
	var wanted []storage.Field
	seen := make(map[string]bool, len(s.columns))
	want := func(c column, v storage.Value) {
		if v = c.inside.in(v); v != "" && !seen[c.name] {
			wanted, seen[c.name] = append(wanted, storage.Field{Name: c.name, Value: v}), true
		}
	}
	for _, c := range s.columns {
		if c.name != "*" {
			want(c, fieldOf(fields, c.source))
			continue
		}
		for _, f := range fields {
			v, c := f.Value, s.column(f.Name)
			if c.source != f.Name { // another field goes by its name
				v = fieldOf(fields, c.source)
			}
			want(c, v)
		}
	}
	return wanted
}

// column is how a field is wanted that is wanted along with all others.
func (s *selection) column(name string) column {
	if at := slices.IndexFunc(s.columns, func(c column) bool { return c.name == name }); at >= 0 {
		return s.columns[at]
	}
	return column{name: name, source: name}
}

// in is what is wanted of a value: of an object its fields, of an array what is wanted of the objects in it. Within anything
// else there is nothing but null.
func (s *selection) in(v storage.Value) storage.Value {
	if s == nil {
		return v
	}
	switch v.Type() {
	case storage.Object:
		return object(s.of(storage.Document(v).Fields())...)
	case storage.Array:
		var inner []storage.Value
		for e := range v.Elements() {
			if w := s.in(e); w != "" {
				inner = append(inner, w)
			}
		}
		return array(inner)
	case storage.Null:
		return v
	default:
		return ""
	}
}
