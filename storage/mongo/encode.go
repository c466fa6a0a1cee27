package mongo

import (
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/bsontype"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"nightwire/storage"
)

// encode is a document as it is stored: _id first (nil: the caller lets the driver make one), the fields, the mark. With
// own false its identifier is left out. Errors: storage.ErrTooLarge, storage.ErrInvalid.
func encode(doc storage.Document, id any, own bool, m mark) (bson.Raw, error) {
	e := encoder{in: string(doc), out: make([]byte, 0, len(doc)+len(doc)/4+256)}
	start, out := bsoncore.AppendDocumentStart(e.out)
	e.out = out
	if err := e.id(id); err != nil {
		return nil, err
	}
	if err := e.members(!own); err != nil {
		return nil, err
	}
	e.out = appendMark(e.out, m)
	size := len(e.out) + 1
	if id == nil {
		size += idSize
	}
	if size > maxSize {
		return nil, &storage.Error{Kind: storage.ErrTooLarge, Message: fmt.Sprintf("The document has more than %d bytes in the database", maxSize)}
	}
	return end(e.out, start), nil
}

// encodeValue is a value as it is stored.
func encodeValue(v storage.Value) (bson.RawValue, error) {
	e := encoder{in: string(v), out: make([]byte, 0, len(v)+16)}
	kind, err := e.value()
	return bson.RawValue{Type: kind, Value: e.out}, err
}

// end closes the document or array that begins at the given place.
func end(out []byte, start int32) []byte {
	out = append(out, 0)
	return bsoncore.UpdateLength(out, start, int32(len(out))-start)
}

// encoder turns canonical text, which is known to be well-formed, into BSON.
type encoder struct {
	in  string
	pos int
	out []byte
}

func (e *encoder) id(id any) error {
	switch id := id.(type) {
	case nil:
	case primitive.ObjectID:
		e.out = bsoncore.AppendObjectIDElement(e.out, "_id", id)
	case string:
		e.out = bsoncore.AppendStringElement(e.out, "_id", id)
	case bson.RawValue:
		e.out = append(bsoncore.AppendHeader(e.out, id.Type, "_id"), id.Value...)
	default:
		kind, data, err := bson.MarshalValue(id)
		if err != nil {
			return fmt.Errorf("encoding an _id: %w", err)
		}
		e.out = append(bsoncore.AppendHeader(e.out, kind, "_id"), data...)
	}
	return nil
}

// members writes the fields of the object at the current place; without a field named identifier if it is to be left out.
func (e *encoder) members(withoutIdentifier bool) error {
	e.pos++
	for e.in[e.pos] != '}' {
		if e.in[e.pos] == ',' {
			e.pos++
		}
		start := len(e.out)
		name, err := e.name()
		if err != nil {
			return err
		}
		e.out = append(append(append(e.out, 0), name...), 0)
		e.pos++ // colon
		kind, err := e.value()
		if err != nil {
			return err
		}
		e.out[start] = byte(kind)
		if withoutIdentifier && name == "identifier" {
			e.out = e.out[:start]
		}
	}
	e.pos++
	return nil
}

// name reads a field's name. Lone surrogates cannot be stored: in a value they become U+FFFD, but so might two names become
// the same.
func (e *encoder) name() (string, error) {
	text := e.token()
	if strings.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1], nil
	}
	name := storage.Value(text).Text()
	if strings.IndexByte(name, 0) >= 0 || loneSurrogate(text) {
		return "", storage.Invalid("field name %.100s cannot be stored", text)
	}
	return name, nil
}

// loneSurrogate tells whether there is one in canonical text: characters from U+D000 on are escaped only then.
func loneSurrogate(text string) bool {
	for at := strings.IndexByte(text, '\\'); at >= 0 && at < len(text)-2; at++ {
		if text[at] == '\\' {
			at++
			if text[at] == 'u' && text[at+1] == 'd' {
				return true
			}
		}
	}
	return false
}

// token reads the string at the current place, with its quotes.
func (e *encoder) token() string {
	start := e.pos
	for e.pos++; e.in[e.pos] != '"'; e.pos++ {
		if e.in[e.pos] == '\\' {
			e.pos++
		}
	}
	e.pos++
	return e.in[start:e.pos]
}

// value writes the value at the current place and tells its type.
func (e *encoder) value() (bsontype.Type, error) {
	switch e.in[e.pos] {
	case '"':
		e.string()
		return tString, nil
	case '{':
		start, out := bsoncore.AppendDocumentStart(e.out)
		e.out = out
		err := e.members(false)
		e.out = end(e.out, start)
		return tObject, err
	case '[':
		return tArray, e.array()
	case 't', 'f':
		yes := e.in[e.pos] == 't'
		e.skipScalar()
		e.out = bsoncore.AppendBoolean(e.out, yes)
		return tBool, nil
	case 'n':
		e.skipScalar()
		return tNull, nil
	default:
		return e.number()
	}
}

func (e *encoder) string() {
	text := e.token()
	if strings.IndexByte(text, '\\') >= 0 {
		e.out = bsoncore.AppendString(e.out, storage.Value(text).Text())
	} else {
		e.out = bsoncore.AppendString(e.out, text[1:len(text)-1])
	}
}

func (e *encoder) array() error {
	start, out := bsoncore.AppendArrayStart(e.out)
	e.out = out
	e.pos++
	for i := int64(0); e.in[e.pos] != ']'; i++ {
		if e.in[e.pos] == ',' {
			e.pos++
		}
		at := len(e.out)
		e.out = append(strconv.AppendInt(append(e.out, 0), i, 10), 0)
		kind, err := e.value()
		if err != nil {
			return err
		}
		e.out[at] = byte(kind)
	}
	e.pos++
	e.out = end(e.out, start)
	return nil
}

// skipScalar reads a number, true, false or null.
func (e *encoder) skipScalar() string {
	start := e.pos
	for e.pos < len(e.in) && e.in[e.pos] != ',' && e.in[e.pos] != '}' && e.in[e.pos] != ']' {
		e.pos++
	}
	return e.in[start:e.pos]
}

// number writes an integer in the smallest type that holds it and any other number as a double.
func (e *encoder) number() (bsontype.Type, error) {
	text := e.skipScalar()
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err == nil && n == int64(int32(n)):
		e.out = bsoncore.AppendInt32(e.out, int32(n))
		return tInt32, nil
	case err == nil:
		e.out = bsoncore.AppendInt64(e.out, n)
		return tInt64, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return tDouble, storage.Invalid("number %.40s is out of range", text)
	}
	e.out = bsoncore.AppendDouble(e.out, f)
	return tDouble, nil
}
