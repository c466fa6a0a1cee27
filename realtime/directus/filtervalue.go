package directus

import (
	"regexp"
	"strings"
	"time"

	"nightwire/storage"
)

// scalar is an operand with variables replaced; the text null is null. Objects and lists are none: what a client sends never
// becomes an operator.
func (p *filterParser) scalar(op string, v storage.Value) (storage.Value, error) {
	switch v.Type() {
	case storage.Object, storage.Array:
		return "", badQuery("filter: %s takes a single value", op)
	case storage.String:
		return p.variable(v)
	default:
		return v, nil
	}
}

// variable replaces what Directus replaces in texts. Roles are unknown here: subjects have several.
func (p *filterParser) variable(v storage.Value) (storage.Value, error) {
	text := v.Text()
	switch {
	case text == "null":
		return "null", nil
	case text == "$CURRENT_USER":
		return storage.StringValue(p.User), nil
	case strings.HasPrefix(text, "$CURRENT_"):
		return "", badQuery("filter: %.70s is not known here", text)
	case !strings.HasPrefix(text, "$NOW"):
		return v, nil
	}
	at, ok := adjusted(p.Now, text[len("$NOW"):])
	if !ok {
		return "", badQuery("filter: %.70s is no time", text)
	}
	return storage.StringValue(storage.ISODate(at.UnixMilli())), nil
}

// forms are the values of documents that are equal to an operand. SQL knows the type of a column, and makes 1 of "1" for a
// numeric one; documents have no columns, so both are meant, and of a time its text and its ms.
func forms(v storage.Value) []storage.Value {
	if v.Type() == storage.Number {
		return []storage.Value{v, storage.StringValue(v.NumberText())}
	}
	list := ranks(v)
	if text := v.Text(); text == "true" || text == "false" {
		list = append(list, storage.Value(text))
	}
	return list
}

// ranks are the values by which an operand is less or greater than a document's: numbers are compared with numbers only.
func ranks(v storage.Value) []storage.Value {
	list := []storage.Value{v}
	text := v.Text()
	if text == "" {
		return list
	}
	if n, ok := numberOf(text); ok {
		list = append(list, n)
	} else if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		list = append(list, storage.IntValue(at.UnixMilli()))
	}
	return list
}

var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// numberOf is a text that is a JSON number, as one.
func numberOf(text string) (storage.Value, bool) {
	if !decimal.MatchString(text) {
		return "", false
	}
	n, err := storage.Decode([]byte(text))
	return n, err == nil
}

// textOf is a scalar as text; there is none of null.
func textOf(v storage.Value) (string, bool) {
	switch v.Type() {
	case storage.String:
		return v.Text(), true
	case storage.Number:
		return v.NumberText(), true
	case storage.Bool:
		return string(v), true
	default:
		return "", false
	}
}
