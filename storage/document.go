// Package storage is the heart of Nightwire: documents, collections, queries, the rules of a write, and the journal of
// changes that every listener reads. It owns what a document is and what may become of it; it does not know how documents
// are kept (storage/sqlite, storage/mongo), who listens (realtime) or which protocol asked (api, realtime/...).
//
// Read documents.go first: Documents is the only door. Then engine.go, the contract of the engines.
package storage

import "slices"

// Value is one JSON value in canonical text: compact, strings with the fewest escapes, numbers in the form in which they
// came. The empty Value means absent. Being text, it is immutable, and equal text is an equal value (numbers apart: 1 and
// 1.0 are told apart by text and are equal by Compare).
type Value string

// Document is a JSON object in canonical text, its fields in the order in which they were stored. It is exactly what is
// sent to clients. The empty Document means none.
type Document string

// Field is one named value of a document.
type Field struct {
	Name  string
	Value Value
}

// Get is the value of a top-level field; absent when there is none.
func (d Document) Get(name string) Value { return Value(d).Get(name) }

// Fields are the fields in stored order.
func (d Document) Fields() []Field {
	var fields []Field
	for name, v := range Value(d).Members() {
		fields = append(fields, Field{name, v})
	}
	return fields
}

// Identifier is the document's identifier, "" when it has none.
func (d Document) Identifier() string { return d.Get("identifier").Text() }

// Draft is a document being changed.
type Draft struct{ fields []Field }

// Edit returns a draft of the document; the document itself stays as it is.
func (d Document) Edit() *Draft { return &Draft{fields: d.Fields()} }

// Get is the value of a field, absent when there is none.
func (d *Draft) Get(name string) Value {
	for _, f := range d.fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Set gives a field a value, in its place when it exists, else at the end.
func (d *Draft) Set(name string, v Value) {
	for i := range d.fields {
		if d.fields[i].Name == name {
			d.fields[i].Value = v
			return
		}
	}
	d.fields = append(d.fields, Field{name, v})
}

// Delete removes a field.
func (d *Draft) Delete(name string) {
	d.fields = slices.DeleteFunc(d.fields, func(f Field) bool { return f.Name == name })
}

// Fields are the fields as they stand.
func (d *Draft) Fields() []Field { return d.fields }

// Document is the draft in canonical text.
func (d *Draft) Document() Document {
	size := 2
	for _, f := range d.fields {
		size += len(f.Name) + len(f.Value) + 4
	}
	out := append(make([]byte, 0, size), '{')
	for i, f := range d.fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(appendString(out, f.Name), ':'), f.Value...)
	}
	return Document(append(out, '}'))
}
