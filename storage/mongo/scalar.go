package mongo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/bsontype"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

// maxDate is the farthest from 1970, in ms, that JavaScript's dates reach.
const maxDate = 8_640_000_000_000_000

// appendScalar writes a value that is neither object nor array.
func appendScalar(out []byte, kind bsontype.Type, data []byte) []byte {
	switch kind {
	case tString, bson.TypeSymbol, bson.TypeJavaScript:
		return appendText(out, textOf(data))
	case tInt32:
		return strconv.AppendInt(out, int64(int32Of(data)), 10)
	case tInt64:
		return strconv.AppendInt(out, int64Of(data), 10)
	case tDouble:
		return appendDouble(out, doubleOf(data))
	case tBool:
		return strconv.AppendBool(out, data[0] != 0)
	case tDate:
		return appendDate(out, int64Of(data))
	case tObjectID:
		return appendHex(out, data)
	default:
		return appendRare(out, kind, data)
	}
}

// appendRare writes what documents of Nightscout hardly ever hold. A timestamp of the oplog is shown as the time that it is
// of, a reference to another document as that one's ObjectID, code as its text.
func appendRare(out []byte, kind bsontype.Type, data []byte) []byte {
	switch kind {
	case bson.TypeBinary:
		return append(base64.StdEncoding.AppendEncode(append(out, '"'), binaryOf(data)), '"')
	case bson.TypeDecimal128:
		low, high := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		return appendDecimal(out, primitive.NewDecimal128(high, low).String())
	case bson.TypeTimestamp:
		return appendDate(out, int64(binary.LittleEndian.Uint32(data[4:]))*1000)
	case bson.TypeDBPointer:
		return appendHex(out, data[len(data)-12:])
	case bson.TypeCodeWithScope:
		return appendText(out, scopedCode(data))
	case bson.TypeRegex:
		pattern := cstring(data)
		text := append(append([]byte{'/'}, data[:pattern]...), '/')
		return appendText(out, append(text, data[pattern+1:len(data)-1]...))
	default:
		return append(out, "null"...)
	}
}

// binaryOf are the bytes of a binary value; an old form of it has their number twice.
func binaryOf(data []byte) []byte {
	const oldForm = 2
	subtype, bytes := data[4], data[5:]
	if subtype == oldForm && length(bytes) == len(bytes)-4 {
		return bytes[4:]
	}
	return bytes
}

// scopedCode is the text of code that has a scope: it follows the length of the whole.
func scopedCode(data []byte) []byte {
	data = data[4:]
	if n := prefixed(data, 4, 5); n < 0 || n > len(data) {
		return nil
	}
	return textOf(data)
}

// appendDouble writes a double. Whole ones within 64 bits have all their digits and no fraction; beyond them an exponent
// keeps the text from being read as an integer.
func appendDouble(out []byte, f float64) []byte {
	switch a := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(out, "null"...)
	case f == math.Trunc(f) && f >= -1<<63 && f < 1<<63:
		return strconv.AppendInt(out, int64(f), 10) // the sign of -0 is hidden, as in JavaScript
	case a >= 1e-6 && a < 1<<63:
		return strconv.AppendFloat(out, f, 'f', -1, 64)
	default:
		return strconv.AppendFloat(out, f, 'e', -1, 64)
	}
}

// appendDecimal writes the text of a decimal number: as a number if it is an integer of 64 bits or within a double's range,
// else as text.
func appendDecimal(out []byte, text string) []byte {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.AppendInt(out, n, 10)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return appendText(out, []byte(text))
	}
	return appendDouble(out, f)
}

// appendDate writes a time in ms since 1970; what JavaScript cannot represent is null.
func appendDate(out []byte, ms int64) []byte {
	if ms < -maxDate || ms > maxDate {
		return append(out, "null"...)
	}
	return append(append(append(out, '"'), storage.ISODate(ms)...), '"')
}

func appendHex(out, data []byte) []byte {
	return append(hex.AppendEncode(append(out, '"'), data), '"')
}

// appendText writes a string in canonical form. Most need neither escapes nor a look at their characters.
func appendText(out, text []byte) []byte {
	ascii := true
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' {
			return append(out, storage.StringValue(string(text))...)
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && !utf8.Valid(text) {
		return append(out, storage.StringValue(string(text))...)
	}
	return append(append(append(out, '"'), text...), '"')
}
