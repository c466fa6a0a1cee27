package daptin

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"nightwire/storage"
)

// decodeValue reads JSON. Unlike storage it takes whole numbers beyond 64 bits, as the doubles that they are to Daptin and to
// JavaScript. Errors: storage.ErrInvalid.
func decodeValue(text []byte) (storage.Value, error) {
	v, err := storage.Decode(text)
	if err == nil || !json.Valid(text) {
		return v, err
	}
	return storage.Decode(doubles(text))
}

// doubles is valid JSON with its large whole numbers written as doubles.
func doubles(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for at := 0; at < len(text); {
		end := at + 1
		switch c := text[at]; {
		case c == '"':
			end = endOfString(text, at)
			out = append(out, text[at:end]...)
		case c == '-' || c >= '0' && c <= '9':
			end = at + len(text[at:]) - len(bytes.TrimLeft(text[at:], "+-.0123456789eE"))
			out = append(out, double(string(text[at:end]))...)
		default:
			out = append(out, c)
		}
		at = end
	}
	return out
}

// endOfString is where the string ends that begins at a place of valid JSON.
func endOfString(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// double is a number with an exponent, if it is a whole number beyond 64 bits.
func double(number string) string {
	if strings.ContainsAny(number, ".eE") {
		return number
	}
	if _, err := strconv.ParseInt(number, 10, 64); err == nil {
		return number
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}
