package directus

import (
	"fmt"
	"slices"
	"strings"

	"nightwire/storage"
)

// typeNames are the types of values as validation errors name them.
var typeNames = map[storage.Type]string{
	storage.Absent: "undefined", storage.Null: "null", storage.Number: "number", storage.String: "string",
	storage.Object: "object", storage.Array: "array", storage.Bool: "boolean",
}

// invalidAt is the refusal of a message because of one of its members.
func invalidAt(member, wrong string) *fault {
	return invalidPayload(fmt.Sprintf("Validation error: %s at %q", wrong, member))
}

// checkString demands a string.
func checkString(member string, v storage.Value) error {
	switch v.Type() {
	case storage.String:
		return nil
	case storage.Absent:
		return invalidAt(member, "Required")
	default:
		return invalidAt(member, "Expected string, received "+typeNames[v.Type()])
	}
}

// checkKey demands a string or a number, if the member is there at all.
func checkKey(member string, v storage.Value) error {
	switch v.Type() {
	case storage.Absent, storage.String, storage.Number:
		return nil
	default:
		got := typeNames[v.Type()]
		return invalidAt(member, fmt.Sprintf("Expected string, received %s at %q, or Expected number, received %s", got, member, got))
	}
}

// checkOneOf demands one of the texts.
func checkOneOf(member string, v storage.Value, texts ...string) error {
	if v.Type() == storage.String && slices.Contains(texts, v.Text()) {
		return nil
	}
	expected := make([]string, len(texts))
	for i, text := range texts {
		expected[i] = fmt.Sprintf("Invalid literal value, expected %q at %q", text, member)
	}
	return invalidPayload("Validation error: " + strings.Join(expected, ", or "))
}

// checkMessage demands what every message in the core dialect has. A uid is a string or a number.
func checkMessage(body storage.Value) error {
	if body.Type() != storage.Object {
		return invalidPayload("Validation error: Expected object, received " + typeNames[body.Type()])
	}
	if err := checkString("type", body.Get("type")); err != nil {
		return err
	}
	return checkKey("uid", body.Get("uid"))
}
