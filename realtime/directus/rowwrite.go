package directus

import (
	"slices"
	"strings"

	"nightwire/storage"
)

// identifierOf is the identifier that a message's id (or an entry of its ids) names. Errors: storage.ErrInvalid for what is
// neither a number nor a text that is not empty.
func identifierOf(id storage.Value) (string, error) {
	text, ok := textOf(id)
	if !ok || text == "" || id.Type() == storage.Bool {
		return "", storage.Invalid("%.70s is no id", orNull(id))
	}
	return text, nil
}

// documentOf is the document that a client's row stands for: id becomes the identifier; fields that only Nightwire writes, and
// in a collection with columns all others, are dropped. The same for a patch. Errors: storage.ErrInvalid for what is no
// object, has names that no document may have, or an id of another type than string and number.
func documentOf(c storage.Collection, row storage.Value) (storage.Document, error) {
	doc, err := storage.NewDocument(row)
	if err != nil {
		return "", err
	}
	var fields []storage.Field
	if id := clientKey(c, doc); id.Type() > storage.Null {
		identifier, err := identifierOf(id)
		if err != nil {
			return "", err
		}
		fields = append(fields, storage.Field{Name: "identifier", Value: storage.StringValue(identifier)})
	}
	for _, f := range doc.Fields() {
		top, _, _ := strings.Cut(f.Name, ".") // a patch reaches into objects
		if shown(top) && (len(c.Fields) == 0 || slices.Contains(c.Fields, f.Name)) {
			fields = append(fields, f)
		}
	}
	return storage.Document(object(fields...)), nil
}

// clientKey is the id that a client gave its row. Writers of Nightscout's collections may call it by its name there.
func clientKey(c storage.Collection, doc storage.Document) storage.Value {
	if id := doc.Get("id"); id.Type() > storage.Null || c.IDs != storage.GivenIDs {
		return id
	}
	return doc.Get("identifier")
}

// changedFields is the payload of an event that shows only what was written: the fields that the writer sent with their new
// values, and null for those that went away. Only an id that the writer chose is in it.
func changedFields(c storage.Collection, change storage.Change) storage.Value {
	after := change.After.Fields()
	var payload []storage.Field
	for _, name := range change.Sent {
		if name == "identifier" && change.Kind == storage.Create {
			payload = append(payload, storage.Field{Name: "id", Value: keyValue(c, change.Identifier)})
			continue
		}
		name = topLevel(after, name)
		if v := fieldOf(after, name); v != "" && shown(name) && fieldOf(payload, name) == "" {
			payload = append(payload, storage.Field{Name: name, Value: v})
		}
	}
	if change.Kind == storage.Update {
		payload = append(payload, lost(change.Before, after)...)
	}
	return object(payload...)
}

// topLevel is the field of the document that a patch of a dotted name changed.
func topLevel(fields []storage.Field, name string) string {
	if fieldOf(fields, name) == "" {
		name, _, _ = strings.Cut(name, ".")
	}
	return name
}

// lost are the fields that a document had before and has no more.
func lost(before storage.Document, after []storage.Field) (fields []storage.Field) {
	for _, f := range before.Fields() {
		if shown(f.Name) && fieldOf(after, f.Name) == "" {
			fields = append(fields, storage.Field{Name: f.Name, Value: "null"})
		}
	}
	return fields
}
