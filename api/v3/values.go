package v3

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"nightwire/storage"
)

// typed reads the value of a filter (spec §3, SEARCH): dates in the fields that hold dates, then numbers, booleans,
// 'quoted' strings; anything else is a string.
func typed(field, text string) storage.Value {
	if v, ok := dated(field, text); ok {
		return v
	}
	if n, ok := numeric(text); ok {
		return n
	}
	if text == "true" || text == "false" {
		return storage.Value(text)
	}
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		text = text[1 : len(text)-1]
	}
	return storage.StringValue(text)
}

// dated reads dates for the fields that hold them, when it can.
func dated(field, text string) (storage.Value, bool) {
	if !slices.Contains([]string{"date", "srvModified", "srvCreated", "created_at"}, field) {
		return "", false
	}
	ms, _, ok := storage.ParseDate(storage.StringValue(text))
	switch {
	case !ok:
		return "", false
	case field == "created_at":
		return storage.StringValue(storage.ISODate(ms)), true
	default:
		return storage.IntValue(ms), true
	}
}

// numeric reads what JavaScript takes for a number; the empty string is none here.
func numeric(text string) (storage.Value, bool) {
	f := storage.JSNumber(text)
	if strings.TrimSpace(text) == "" || math.IsNaN(f) || math.IsInf(f, 0) {
		return "", false
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		if v, err := storage.Decode([]byte(text)); err == nil {
			return v, true // all 64 bits
		}
	}
	return storage.Value(strconv.FormatFloat(f, 'g', -1, 64)), true
}

// alternatives are the values that one part of in and nin stands for: the string, and what it reads as.
func alternatives(text string) []storage.Value {
	list := []storage.Value{storage.StringValue(text)}
	if v := typed("", text); v != list[0] {
		list = append(list, v)
	}
	return list
}
