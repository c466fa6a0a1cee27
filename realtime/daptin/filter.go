package daptin

import (
	"strings"

	"nightwire/storage"
)

// The bounds of a filter: it is judged for every event.
const (
	maxFilters    = 64
	maxFilterSize = 16 << 10 // bytes
)

// filter is what a subscriber wants to hear of a topic. The zero value is everything.
type filter struct {
	event   string   // the one type of events; "": all
	columns []column // all of which must be equal
	text    string   // equal for equal filters
}

// column is the value that a field must have, as comparison writes it.
type column struct{ name, value string }

// parseFilter reads the filters of a subscribe request (spec §7), and keeps nothing of its text. What is no object restricts
// nothing. Errors: errFilter.
func parseFilter(v storage.Value) (f filter, err error) {
	if v.Type() != storage.Object {
		return f, nil
	}
	if len(v) > maxFilterSize {
		return f, errFilter
	}
	var kept storage.Draft
	for name, value := range v.Members() {
		switch {
		case name != "EventType":
			if len(f.columns) == maxFilters {
				return f, errFilter
			}
			f.columns = append(f.columns, column{strings.Clone(name), comparison(value)})
			kept.Set(name, value)
		case value.Text() != "":
			f.event = strings.Clone(value.Text())
			kept.Set(name, value)
		}
	}
	if fields := kept.Fields(); len(fields) > 0 {
		f.text = comparison(storage.Value(kept.Document()))
	}
	return f, nil
}

// wants tells whether a subscriber hears of an event.
func (f filter) wants(l *look) bool {
	if f.event != "" && f.event != l.event {
		return false
	}
	if l.opaque {
		return true
	}
	for _, c := range f.columns {
		if l.comparison(c.name) != c.value {
			return false
		}
	}
	return true
}
