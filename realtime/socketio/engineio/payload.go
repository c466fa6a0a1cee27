package engineio

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// separator stands between the packets of a revision 4 payload.
const separator = 0x1e

var errPayload = errors.New("malformed payload")

// encodePayload joins the packets of a poll's answer.
func encodePayload(protocol int, batch []Frame) []byte {
	size := 0
	for _, f := range batch {
		size += len(f) + 8
	}
	out := make([]byte, 0, size)
	for i, f := range batch {
		packet := f.Payload()
		if protocol == 3 {
			out = strconv.AppendInt(out, int64(utf16Len(packet)), 10)
			out = append(out, ':')
		} else if i > 0 {
			out = append(out, separator)
		}
		out = append(out, packet...)
	}
	return out
}

// decodePayload splits the body of a client's POST into packets. Revision 3 writes the length of each packet before it, in
// UTF-16 units.
func decodePayload(protocol int, body []byte) ([][]byte, error) {
	if protocol != 3 {
		return bytes.Split(body, []byte{separator}), nil
	}
	var packets [][]byte
	for len(body) > 0 {
		digits, rest, found := bytes.Cut(body, []byte{':'})
		if !found || len(digits) > 9 {
			return nil, errPayload
		}
		units, err := strconv.ParseUint(string(digits), 10, 31)
		if err != nil {
			return nil, errPayload
		}
		end, ok := utf16Prefix(rest, int(units))
		if !ok {
			return nil, errPayload
		}
		packets = append(packets, rest[:end])
		body = rest[end:]
	}
	return packets, nil
}

// utf16Len is the length of UTF-8 text in UTF-16 units, as JavaScript counts.
func utf16Len(text []byte) int {
	units := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		units++
		if r > 0xffff {
			units++
		}
		text = text[size:]
	}
	return units
}

// utf16Prefix is the length in bytes of the first units of the text; ok is false when the text does not have that many, or
// a character would be cut.
func utf16Prefix(text []byte, units int) (end int, ok bool) {
	for units > 0 {
		if end == len(text) {
			return 0, false
		}
		r, size := utf8.DecodeRune(text[end:])
		units--
		if r > 0xffff {
			units--
		}
		end += size
	}
	return end, units == 0
}
