package storage

// immutable are the fields that a client cannot change once they are stored, in the order in which they are checked.
var immutable = [...]string{"identifier", "date", "utcOffset", "eventType", "device", "app", "srvCreated", "subject",
	"srvModified", "modifiedBy", "isValid"}

// checkImmutable refuses a replacement or patch whose protected fields differ from the stored ones. Fields that it lacks
// are fine, and what was deleted may become anything. Create may give a document another identifier (renaming).
func checkImmutable(doc *Draft, stored Document, renaming bool) error {
	if isDeleted(stored) {
		return nil
	}
	for _, name := range immutable {
		if name == "identifier" && renaming {
			continue
		}
		if v := doc.Get(name); v != "" && !identical(v, stored.Get(name)) {
			return Invalid("Field %s cannot be modified by the client", name)
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
