package mongo

import (
	"encoding/binary"
	"math"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/bsontype"
)

// maxSize is how many bytes a document may have in the database.
const maxSize = 16 << 20

// emptySize is how many bytes an object or array has in which there is nothing.
const emptySize = 5

// idSize is what an _id that the driver makes adds to a document.
const idSize = 1 + len("_id\x00") + 12

// The BSON types by which JSON's are stored.
const (
	tDouble   = bson.TypeDouble
	tString   = bson.TypeString
	tObject   = bson.TypeEmbeddedDocument
	tArray    = bson.TypeArray
	tBool     = bson.TypeBoolean
	tNull     = bson.TypeNull
	tInt32    = bson.TypeInt32
	tInt64    = bson.TypeInt64
	tObjectID = bson.TypeObjectID
	tDate     = bson.TypeDateTime
)

// element is one field of a document or one element of an array, as it lies in BSON.
type element struct {
	kind bsontype.Type
	name []byte
	data []byte
}

// next reads the first element of what is left of a document (without its length and its final byte). ok is false when the
// bytes are no BSON.
func next(src []byte) (e element, rest []byte, ok bool) {
	name := cstring(src[1:])
	if name < 0 {
		return e, nil, false
	}
	e = element{kind: bsontype.Type(src[0]), name: src[1 : 1+name]}
	rest = src[name+2:]
	n := size(e.kind, rest)
	if n < 0 || n > len(rest) {
		return e, nil, false
	}
	e.data = rest[:n]
	return e, rest[n:], true
}

// body is what lies between the length and the final byte of a document or array.
func body(doc []byte) (elements []byte, ok bool) {
	if n := len(doc); n < emptySize || length(doc) != n || doc[n-1] != 0 {
		return nil, false
	}
	return doc[4 : len(doc)-1], true
}

// size is how many bytes the value of that type at the beginning of src has; -1 (or too much) when src cannot hold one.
func size(kind bsontype.Type, src []byte) int {
	switch kind {
	case tNull, bson.TypeUndefined, bson.TypeMinKey, bson.TypeMaxKey:
		return 0
	case tBool:
		return 1
	case tInt32:
		return 4
	case tDouble, tInt64, tDate, bson.TypeTimestamp:
		return 8
	case tObjectID:
		return 12
	case bson.TypeDecimal128:
		return 16
	case tString, bson.TypeJavaScript, bson.TypeSymbol:
		return prefixed(src, 4, 5)
	case bson.TypeDBPointer:
		return prefixed(src, 4+12, 5+12)
	case bson.TypeBinary:
		return prefixed(src, 5, 5)
	case tObject, tArray:
		return prefixed(src, 0, emptySize)
	case bson.TypeCodeWithScope:
		return prefixed(src, 0, 14)
	case bson.TypeRegex:
		return regexSize(src)
	default:
		return -1
	}
}

// prefixed is the size of a value that begins with a length to which more is added.
func prefixed(src []byte, more, least int) int {
	if n := length(src); n >= 0 && n+more >= least {
		return n + more
	}
	return -1
}

// length is the length at the beginning of src; -1 when there is none.
func length(src []byte) int {
	if len(src) < 4 {
		return -1
	}
	return int(int32(binary.LittleEndian.Uint32(src)))
}

func regexSize(src []byte) int {
	pattern := cstring(src)
	if pattern < 0 {
		return -1
	}
	options := cstring(src[pattern+1:])
	if options < 0 {
		return -1
	}
	return pattern + options + 2
}

// cstring is the length of the text at the beginning of src that ends with a zero byte; -1 when none does.
func cstring(src []byte) int {
	for i, c := range src {
		if c == 0 {
			return i
		}
	}
	return -1
}

func int64Of(data []byte) int64    { return int64(binary.LittleEndian.Uint64(data)) }
func int32Of(data []byte) int32    { return int32(binary.LittleEndian.Uint32(data)) }
func doubleOf(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }

// textOf are the characters of a string; what follows it in data is left alone.
func textOf(data []byte) []byte { return data[4 : 4+length(data)-1] }
