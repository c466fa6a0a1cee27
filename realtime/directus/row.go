package directus

import (
	"errors"

	"nightwire/storage"
)

// rowOf is a document as Directus shows an item: id, the collection's columns (null when absent), then the other fields in
// stored order; what Nightwire notes in a document is left out.
func rowOf(c storage.Collection, doc storage.Document) storage.Value { return "" }

// keyOf is the row's id: a number in counted collections, else a string.
func keyOf(c storage.Collection, doc storage.Document) storage.Value { return "" }

// keyValue is an identifier as the id of a row.
func keyValue(c storage.Collection, identifier string) storage.Value { return "" }

// identifierOf is the identifier that a message's id (or an entry of its ids) names. Errors: storage.ErrInvalid for what is
// neither a number nor a string.
func identifierOf(id storage.Value) (string, error) { return "", errors.New("not built yet") }

// documentOf is the document that a client's row stands for: id becomes the identifier; fields that only Nightwire writes, and
// in a collection with columns all others, are dropped. The same for a patch. Errors: storage.ErrInvalid for what is no
// object, has names that no document may have, or an id of another type than string and number.
func documentOf(c storage.Collection, row storage.Value) (storage.Document, error) {
	return "", errors.New("not built yet")
}

// changedFields is the payload of an event that shows only what was written: the fields that the writer sent with their new
// values, and null for those that went away. It holds no id.
func changedFields(c storage.Collection, change storage.Change) storage.Value { return "{}" }
