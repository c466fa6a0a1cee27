package daptin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightwire/storage"
)

func TestSecretsAreLeftOut(t *testing.T) {
	s := newSecrets([]string{"password", "apiKey"})
	for value, want := range map[storage.Value]storage.Value{
		`1`: `1`, `"password"`: `"password"`, `null`: `null`, `{}`: `{}`, `[]`: `[]`,
		`{"password":1}`: `{}`, `[{"Pass-Word":1},[]]`: `[{},[]]`,
		`{"b":1,"API_KEY":{"c":2},"a":[{"apikey":1,"d":[1,{"password":null}]}]}`: `{"b":1,"a":[{"d":[1,{}]}]}`,
		`{"\"<é\\":"\u0000","passwords":1}`:                                      `{"\"<é\\":"\u0000","passwords":1}`,
	} {
		if got := s.without(value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

// Rows are made while everybody waits for their events.
func TestSecretsOfLargeObjects(t *testing.T) {
	var object strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&object, `"f%d":{"password":1},`, i)
	}
	began := time.Now()
	newSecrets(DefaultSecrets()).without(storage.Value("{" + object.String() + `"end":1}`))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

// A row's own created_at is shown where it is a time, not whatever a document has under that name.
func TestSecretsInTheTimeOfCreation(t *testing.T) {
	h := newHouse(t, Options{})
	c, err := h.documents.Collection("todo")
	if err != nil {
		t.Fatal(err)
	}
	for created, want := range map[string]string{
		`"yesterday"`: `"yesterday"`, `5`: `5`, `null`: `"1970-01-01T00:00:00.001Z"`, `""`: `"1970-01-01T00:00:00.001Z"`,
		`{"password":"x"}`: `"1970-01-01T00:00:00.001Z"`, `["x"]`: `"1970-01-01T00:00:00.001Z"`, `true`: `"1970-01-01T00:00:00.001Z"`,
	} {
		r := h.server.documentRow(c, "a", storage.Document(`{"identifier":"a","created_at":`+created+`,"srvCreated":1}`), 1)
		if got := string(r[r.places()["created_at"]].Value); got != want {
			t.Errorf("%s: %s, want %s", created, got, want)
		}
	}
}
