package mongo

import "go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

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
func readMark(field element) *mark {
	var m mark
	rest, ok := body(field.data)
	if field.kind != tObject || !ok {
		return nil
	}
	for len(rest) > 0 {
		var e element
		if e, rest, ok = next(rest); !ok {
			return nil
		}
		m.read(e)
	}
	if m.Rev < 1 {
		return nil
	}
	return &m
}

// read takes over one field; those of other names or types are left alone.
func (m *mark) read(e element) {
	switch string(e.name) {
	case "rev":
		m.Rev = integer(e)
	case "time":
		m.Time = integer(e)
	case "last":
		m.Last = e.kind == tBool && e.data[0] != 0
	case "kind":
		m.Kind = text(e)
	case "by":
		m.By = text(e)
	case "named":
		m.Named = text(e)
	case "group":
		m.Group = text(e)
	case "set":
		m.Set = texts(e)
	}
}

// integer is an integer in any of the types in which a copied database may hold it; 0 for anything else.
func integer(e element) int64 {
	switch e.kind {
	case tInt32:
		return int64(int32Of(e.data))
	case tInt64:
		return int64Of(e.data)
	case tDouble:
		return int64(doubleOf(e.data))
	default:
		return 0
	}
}

func text(e element) string {
	if e.kind != tString {
		return ""
	}
	return string(textOf(e.data))
}

func texts(array element) (list []string) {
	rest, ok := body(array.data)
	for ok && array.kind == tArray && len(rest) > 0 {
		var e element
		if e, rest, ok = next(rest); ok {
			list = append(list, text(e))
		}
	}
	return list
}
