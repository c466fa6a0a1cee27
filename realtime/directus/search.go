package directus

import (
	"regexp"

	"nightwire/storage"
)

// search is what a client looks for in all fields that a row shows: a text within texts, whatever its case, or a number equal
// to numbers. The key is matched as a whole.
type search struct {
	text    string
	pattern *regexp.Regexp
	number  storage.Value // absent: the text is none
}

// parseSearch reads the search of a query; nil: nothing is looked for. Errors: errBadQuery.
func parseSearch(v storage.Value) (*search, error) {
	text, ok := textOf(v)
	switch {
	case v.Type() <= storage.Null || ok && text == "":
		return nil, nil
	case !ok || v.Type() == storage.Bool:
		return nil, badQuery("search: %.70s is no text", v)
	case len(text) > maxText:
		return nil, badQuery("search: at most %d bytes", maxText)
	}
	number, _ := numberOf(text)
	return &search{text: text, pattern: textPattern("contains", text, true), number: number}, nil
}

// filter is the search as a condition on documents, for collections with columns.
func (s *search) filter(c storage.Collection) storage.Filter {
	any := []storage.Filter{{Op: storage.Eq, Path: "identifier", Value: s.key(c)}}
	for _, name := range c.Fields {
		if !shown(name) {
			continue
		}
		any = append(any, storage.Filter{Op: storage.Regexp, Path: name, Pattern: s.pattern})
		if s.number != "" {
			any = append(any, storage.Filter{Op: storage.Eq, Path: name, Value: s.number})
		}
	}
	return either(any...)
}

// key is the identifier that is looked for.
func (s *search) key(c storage.Collection) storage.Value {
	return keyForm(storage.StringValue(s.text), c.IDs == storage.CountedIDs)
}

// matches does the same for collections without columns, whose documents have the fields that they have.
func (s *search) matches(c storage.Collection, doc storage.Document) bool {
	if doc.Get("identifier").Equal(s.key(c)) {
		return true
	}
	for name, v := range storage.Value(doc).Members() {
		if shown(name) && s.found(v) {
			return true
		}
	}
	return false
}

func (s *search) found(v storage.Value) bool {
	switch v.Type() {
	case storage.String:
		return s.pattern.MatchString(v.Text())
	case storage.Number:
		return s.number != "" && v.Equal(s.number)
	case storage.Array:
		for e := range v.Elements() {
			if e.Type() != storage.Array && s.found(e) {
				return true
			}
		}
	}
	return false
}
