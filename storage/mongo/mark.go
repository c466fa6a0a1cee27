package mongo

import (
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"
)

// appendMark writes the hidden field.
func appendMark(out []byte, m mark) []byte {
	start, out := bsoncore.AppendDocumentElementStart(out, markField)
	out = bsoncore.AppendInt64Element(out, "rev", m.Rev)
	out = bsoncore.AppendStringElement(out, "kind", m.Kind)
	if m.By != "" {
		out = bsoncore.AppendStringElement(out, "by", m.By)
	}
	if m.Named != "" {
		out = bsoncore.AppendStringElement(out, "named", m.Named)
	}
	if len(m.Set) > 0 {
		array := bsoncore.NewArrayBuilder()
		for _, name := range m.Set {
			array.AppendString(name)
		}
		out = bsoncore.AppendArrayElement(out, "set", array.Build())
	}
	out = bsoncore.AppendStringElement(out, "group", m.Group)
	out = bsoncore.AppendBooleanElement(out, "last", m.Last)
	out = bsoncore.AppendInt64Element(out, "time", m.Time)
	return end(out, start)
}

// readMark is the hidden field of a document; nil when what is there is none.
func readMark(e element) *mark {
	var m mark
	if e.kind != tObject || bson.Unmarshal(e.data, &m) != nil || m.Rev < 1 {
		return nil
	}
	return &m
}
