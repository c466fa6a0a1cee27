package mongo

import (
	"encoding/hex"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

// shownID is how an _id is shown as identifier: an ObjectID as its hex digits, text as it is, anything else as its JSON text;
// none is "".
func shownID(id bson.RawValue) string {
	if id.Type == 0 {
		return ""
	}
	v := valueOf(id)
	if v.Type() == storage.String {
		return v.Text()
	}
	return string(v)
}

// storedID is the _id of a new document for which a client or an import gave this text: an ObjectID when it is 24 hex
// digits (in lower case, in which it will be shown), else the text.
func storedID(text string) any {
	if id, ok := objectID(text); ok {
		return id
	}
	return text
}

// idForms are the values of _id that are shown as this text: the text itself, an ObjectID, an integer, a date. Other types
// of _id are shown, but not looked for.
func idForms(text string) bson.A {
	forms := bson.A{text}
	if id, ok := objectID(text); ok {
		forms = append(forms, id)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		forms = append(forms, n)
	}
	if ms, _, ok := storage.ParseDate(storage.StringValue(text)); ok && storage.ISODate(ms) == text {
		forms = append(forms, primitive.DateTime(ms))
	}
	return forms
}

func objectID(text string) (id primitive.ObjectID, ok bool) {
	if len(text) != 2*len(id) || strings.ToLower(text) != text {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(text))
	return id, err == nil
}
