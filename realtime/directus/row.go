package directus

import (
	"slices"

	"nightwire/storage"
)

// hidden are the fields of a document that are Nightwire's own; id is shown in their place.
var hidden = []string{"id", "_id", "identifier", "srvCreated", "srvModified", "subject", "modifiedBy", "isValid", storage.MarkField}

// shown tells whether a row has that field of a document.
func shown(name string) bool { return !slices.Contains(hidden, name) }

// rowFields are a document as Directus shows an item: id, the collection's columns (null when absent), then the other fields
// in stored order; what Nightwire notes in a document is left out.
func rowFields(c storage.Collection, doc storage.Document) []storage.Field {
	stored := doc.Fields()
	row := append(make([]storage.Field, 0, len(stored)+len(c.Fields)+1), storage.Field{Name: "id", Value: keyOf(c, doc)})
	for _, name := range c.Fields {
		if shown(name) {
			row = append(row, storage.Field{Name: name, Value: orNull(fieldOf(stored, name))})
		}
	}
	for _, f := range stored {
		if shown(f.Name) && !slices.Contains(c.Fields, f.Name) {
			row = append(row, f)
		}
	}
	return row
}

// fieldOf is the field of that name, absent when there is none.
func fieldOf(fields []storage.Field, name string) storage.Value {
	for _, f := range fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func orNull(v storage.Value) storage.Value {
	if v == "" {
		return "null"
	}
	return v
}

// keyOf is the row's id: a number in counted collections, else a string.
func keyOf(c storage.Collection, doc storage.Document) storage.Value {
	return keyValue(c, doc.Identifier())
}

// keyValue is an identifier as the id of a row.
func keyValue(c storage.Collection, identifier string) storage.Value {
	if c.IDs == storage.CountedIDs {
		if n, ok := numberOf(identifier); ok {
			return n
		}
	}
	return storage.StringValue(identifier)
}
