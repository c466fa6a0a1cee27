package mongo

import (
	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// decode reads a stored document. What JSON cannot say is shown as a JavaScript program would: an ObjectID as its 24 hex
// digits, a date in ISO form, whole doubles without a fraction, NaN as null.
func decode(raw bson.Raw) (record, error) { return record{}, storage.ErrUnavailable }

// encode is a document as it is stored: _id first (nil: the caller lets the driver make one), the fields, the mark. With
// own false its identifier is left out. Errors: storage.ErrTooLarge, storage.ErrInvalid.
func encode(doc storage.Document, id any, own bool, m mark) (bson.Raw, error) {
	return nil, storage.ErrUnavailable
}

// shownID is how an _id is shown as identifier.
func shownID(id bson.RawValue) string { return "" }

// storedID is the _id of a new document for which a client or an import gave this text: an ObjectID when it is 24 hex
// digits, else the text.
func storedID(text string) any { return text }

// idForms are the values of _id that are shown as this text.
func idForms(text string) bson.A { return bson.A{text} }
