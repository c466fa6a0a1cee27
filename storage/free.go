package storage

import (
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// MaxCounted is the greatest id of a counted collection: the greatest integer that every client can represent.
const MaxCounted = 1<<53 - 1

// numberField is the field in which documents of counted collections are stored with their identifier as a number, so that
// engines compare and sort by it. Only conditions and orders name it: Shown hides it, and no client writes it.
const numberField = "id"

// Free tells whether documents of the collection may have any fields, and are recognised by their identifier alone.
func (c Collection) Free() bool { return c.IDs != GivenIDs }

// KeyPath is the path by which queries compare and sort the keys of documents: identifier, in counted collections id, which
// is there for that alone.
func (c Collection) KeyPath() string {
	if c.IDs == CountedIDs {
		return numberField
	}
	return "identifier"
}

// Key is the identifier of a document as faces show it that have keys of their own, and as it is compared with the values at
// KeyPath: a number in counted collections, else a string. An identifier that the collection cannot have counted, which
// only other programs write, is a string too.
func (c Collection) Key(identifier string) Value {
	if _, ok := c.number(identifier); ok {
		return Value(identifier)
	}
	return StringValue(identifier)
}

// number is the identifier of a document of a counted collection as a number: from 1 to MaxCounted, in decimal without
// leading zeros.
func (c Collection) number(identifier string) (n int64, ok bool) {
	if c.IDs != CountedIDs {
		return 0, false
	}
	n, err := strconv.ParseInt(identifier, 10, 64)
	return n, err == nil && n >= 1 && n <= MaxCounted && strconv.FormatInt(n, 10) == identifier
}

// putNumber gives a document of a counted collection the number of its identifier.
func (c Collection) putNumber(doc *Draft, identifier string) {
	if _, ok := c.number(identifier); ok {
		doc.Set(numberField, Value(identifier))
	}
}

// validateFree checks what clients must not do in free collections.
func (c Collection) validateFree(doc *Draft) error {
	if !c.Free() {
		return nil
	}
	if slices.ContainsFunc(doc.fields, func(f Field) bool { return reaches(f.Name, numberField) }) {
		return Invalid("Field id cannot be set, documents have an identifier")
	}
	return nil
}

// reaches tells whether a dotted path leads to or into a top-level field.
func reaches(path, field string) bool {
	return path == field || len(path) > len(field) && path[:len(field)] == field && path[len(field)] == '.'
}

// newIdentifier is the identifier of a new document whose client gave none; "" where ids are counted (see counting.go).
func (c Collection) newIdentifier(doc *Draft) string {
	switch c.IDs {
	case CountedIDs:
		return ""
	case UUIDs:
		return uuid.NewString()
	default:
		return computedIdentifier(doc)
	}
}
