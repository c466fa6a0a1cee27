package mongo

import (
	"bytes"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/bsontype"

	"nightwire/storage"
)

// decode reads a stored document. What JSON cannot say is shown as a JavaScript program would: an ObjectID as its 24 hex
// digits, a date in ISO form, whole doubles without a fraction, NaN as null. Invalid UTF-8 becomes U+FFFD, of duplicate names
// the last one's value wins, and what holds anything deeper than
// storage.MaxDepth is null. Only bytes that are no BSON are an error.
func decode(raw bson.Raw) (record, error) {
	var r record
	d := decoder{out: make([]byte, 0, len(raw)+len(raw)/4), names: make([]span, 0, 32)}
	if !d.document(raw, &r) {
		return record{}, fmt.Errorf("the database sent %d bytes that are no document", len(raw))
	}
	if d.duplicate {
		v, err := storage.Decode(d.out)
		if err != nil {
			return record{}, fmt.Errorf("reading a document with duplicate names: %w", err)
		}
		d.out = []byte(v)
	}
	r.doc = storage.Document(d.out)
	if r.foreign = r.doc.Identifier() == ""; r.foreign {
		draft := r.doc.Edit()
		draft.Set("identifier", storage.StringValue(shownID(r.id)))
		r.doc = draft.Document()
	}
	return r, nil
}

// decoder writes canonical text.
type decoder struct {
	out       []byte
	names     []span // of the objects that are being written
	duplicate bool   // a name stands twice in one object
}

// span is where a name stands in the output.
type span struct{ start, end int }

// document writes a document without _id and mark, which go into the record. It is false when the bytes are no BSON.
func (d *decoder) document(raw []byte, r *record) bool {
	rest, ok := body(raw)
	d.out = append(d.out, '{')
	for ok && len(rest) > 0 {
		var e element
		if e, rest, ok = next(rest); !ok {
			return false
		}
		switch string(e.name) {
		case "_id":
			r.id = bson.RawValue{Type: e.kind, Value: bytes.Clone(e.data)} // raw may be a buffer of the driver's
		case markField:
			r.mark = readMark(e)
		default:
			ok = d.member(e, 0, 0)
		}
	}
	d.names = d.names[:0]
	d.out = append(d.out, '}')
	return ok
}

func (d *decoder) object(doc []byte, depth int) bool {
	rest, ok := body(doc)
	first := len(d.names)
	d.out = append(d.out, '{')
	for ok && len(rest) > 0 {
		var e element
		if e, rest, ok = next(rest); ok {
			ok = d.member(e, first, depth)
		}
	}
	d.names = d.names[:first]
	d.out = append(d.out, '}')
	return ok
}

// member writes a field of the object whose names begin with the given one.
func (d *decoder) member(e element, first, depth int) bool {
	if len(d.names) > first {
		d.out = append(d.out, ',')
	}
	name := span{start: len(d.out)}
	d.out = appendText(d.out, e.name)
	name.end = len(d.out)
	d.duplicate = d.duplicate || d.named(first, name)
	d.names = append(d.names, name)
	d.out = append(d.out, ':')
	return d.value(e.kind, e.data, depth+1)
}

// manyNames is how many names an object has that are not compared with each other: storage.Decode finds out then.
const manyNames = 64

// named tells whether a name stands already among those from the first.
func (d *decoder) named(first int, name span) bool {
	if len(d.names)-first >= manyNames {
		return true
	}
	text := d.out[name.start:name.end]
	return slices.ContainsFunc(d.names[first:], func(s span) bool {
		return s.end-s.start == len(text) && string(d.out[s.start:s.end]) == string(text)
	})
}

func (d *decoder) array(doc []byte, depth int) bool {
	rest, ok := body(doc)
	d.out = append(d.out, '[')
	for first := true; ok && len(rest) > 0; first = false {
		if !first {
			d.out = append(d.out, ',')
		}
		var e element
		if e, rest, ok = next(rest); ok {
			ok = d.value(e.kind, e.data, depth+1)
		}
	}
	d.out = append(d.out, ']')
	return ok
}

func (d *decoder) value(kind bsontype.Type, data []byte, depth int) bool {
	switch {
	case kind != tObject && kind != tArray:
		d.out = appendScalar(d.out, kind, data)
		return true
	case depth >= storage.MaxDepth && len(data) > emptySize:
		d.out = append(d.out, "null"...)
		return true
	case kind == tObject:
		return d.object(data, depth)
	default:
		return d.array(data, depth)
	}
}

// valueOf is a single value as a document shows it.
func valueOf(v bson.RawValue) storage.Value {
	var d decoder
	if n := size(v.Type, v.Value); n < 0 || n > len(v.Value) || !d.value(v.Type, v.Value[:n], 0) {
		return "null"
	}
	if !d.duplicate {
		return storage.Value(d.out)
	}
	merged, err := storage.Decode(d.out)
	if err != nil {
		return "null" // cannot be: what is written here is valid
	}
	return merged
}
