package storage

import (
	"slices"
	"strings"
)

// immutable are the fields that a client cannot change once they are stored, in the order in which they are checked.
var immutable = [...]string{"identifier", "date", "utcOffset", "eventType", "device", "app", "srvCreated", "subject",
	"srvModified", "modifiedBy", "isValid"}

// eventFields are those of them that say what a document of Nightscout's is about.
var eventFields = [...]string{"date", "utcOffset", "eventType", "device", "app"}

// checkImmutable refuses a replacement or patch whose protected fields differ from the stored ones. Fields that it lacks
// are fine, and what was deleted may become anything. Create may give a document another identifier (renaming). In free
// collections only what the server sets is protected.
func (c Collection) checkImmutable(doc *Draft, stored Document, renaming bool) error {
	if isDeleted(stored) {
		return nil
	}
	for _, name := range immutable {
		if name == "identifier" && renaming || c.Free() && slices.Contains(eventFields[:], name) {
			continue
		}
		if v := doc.Get(name); v != "" && !identical(v, stored.Get(name)) {
			return Invalid("Field %s cannot be modified by the client", name)
		}
	}
	return nil
}

// checkReach refuses a patch that reaches by a dotted name into what clients cannot change as a whole.
func (c Collection) checkReach(patch *Draft) error {
	for _, f := range patch.fields {
		top, _, dotted := strings.Cut(f.Name, ".")
		switch {
		case !dotted || c.Free() && slices.Contains(eventFields[:], top):
		case top == "_id" || slices.Contains(immutable[:], top):
			return Invalid("Field %s cannot be modified by the client", f.Name)
		}
	}
	return nil
}

// identical is JavaScript's ===, by which no object and no array equals another one.
func identical(a, b Value) bool {
	switch a.Type() {
	case Object, Array:
		return false
	case Number:
		return a.Equal(b)
	default:
		return a == b
	}
}
