package daptin

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"nightwire/storage"
)

func TestDecode(t *testing.T) {
	for message, want := range map[string]request{
		`{}`:   {},
		`null`: {},
		` {"id":"a","method":"m","attributes":{"x":1}} `:              {id: `"a"`, method: "m", attributes: `{"x":1}`},
		`{"ID":5,"METHOD":"m","Attributes":null}`:                     {id: "5", method: "m"},
		`{"id":"","method":null}`:                                     {},
		`{"id":true}`:                                                 {odd: true},
		`{"method":"a","Method":"b"}`:                                 {method: "b"},
		`{"method":"m","payload":{"attributes":{"x":1},"topic":"a"}}`: {method: "m", attributes: `{"x":1}`},
		`{"method":"m","payload":{"x":1,"attributes":[]}}`:            {method: "m", attributes: `{"x":1,"attributes":[]}`},
		`{"attributes":{},"payload":{"x":1}}`:                         {attributes: `{}`},
		`{"type":"todo","payload":"x"}`:                               {kind: "todo"},
	} {
		got, err := decode([]byte(message))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", message, got, err)
		}
	}
	for _, message := range []string{``, ` `, `hello`, `[]`, `"x"`, `5`, `true`, `{}x`, `{}{}`, `{"a":}`} {
		if r, err := decode([]byte(message)); !errors.Is(err, errMalformed) || r != (request{}) {
			t.Errorf("%s: %+v, %v", message, r, err)
		}
	}
	for _, message := range []string{`{"id":"a","method":5}`, `{"id":"a","attributes":"x"}`, `{"id":"a","attributes":[]}`} {
		if r, err := decode([]byte(message)); !errors.Is(err, errMalformed) || r.id != `"a"` {
			t.Errorf("%s: %+v, %v", message, r, err)
		}
	}
}

func TestTopicsOfARequest(t *testing.T) {
	for message, want := range map[string][]string{
		`{"attributes":{"topic":"a"}}`:                                 {"a"},
		`{"attributes":{"topicName":"a,b"}}`:                           {"a", "b"},
		`{"attributes":{"topics":"a, b,,"}}`:                           {"a", " b", "", ""},
		`{"attributes":{"topics":["a,b",5,"c"]}}`:                      {"a,b", "c"},
		`{"attributes":{"topicName":5,"topic":""}}`:                    nil,
		`{"attributes":{"name":"a"}}`:                                  {"a"},
		`{"method":"subscribe","type":"a,b"}`:                          {"a", "b"},
		`{"method":"unsubscribe","type":"a"}`:                          nil,
		`{"method":"subscribe","type":"a","attributes":{"topic":"b"}}`: {"b"},
	} {
		r, err := decode([]byte(message))
		if got := r.topics(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", message, got, err)
		}
	}
	r := request{attributes: `{"topic":"t","name":"n"}`}
	if r.topic() != "t" || r.name() != "n" {
		t.Errorf("topic %q, name %q", r.topic(), r.name())
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"r1","method":"subscribe","attributes":{"topicName":"a,b","filters":{"EventType":"create","n":7}}}`,
		`{"method":"subscribe","type":"x","payload":{"id":"1","attributes":{"topics":["a",5]}}}`,
		`{"id":1e5,"method":"new-message","attributes":{"topic":"a","message":{"x":[1,{}]}}}`,
		`{"id":12345678901234567000,"ID" : 1E400 ,"Id":-0.0,"method":"ping"}`,
		`{"METHOD":"create-topic","attributes":{"name":"x"}}`, `null`, `{"filters":{}}`, `{"method":5}`, `[`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		r, err := decode(message)
		if err != nil && !errors.Is(err, errMalformed) {
			t.Fatal(err)
		}
		if r.attributes != "" && r.attributes.Type() != storage.Object {
			t.Errorf("attributes %s", r.attributes)
		}
		if r.id != "" && r.id.Type() != storage.Number && r.id.Text() == "" {
			t.Errorf("id %s", r.id)
		}
		if r.id != "" && !json.Valid([]byte(r.id)) {
			t.Errorf("id %q", r.id)
		}
		if names := r.topics(); len(names) > 0 && r.topic() == "" && r.attributes.Get("topics").Type() != storage.Array && r.kind == "" {
			t.Errorf("topics %q and no topic", names)
		}
		if filter, err := parseFilter(r.attributes.Get("filters")); err == nil {
			filter.wants(&look{event: "create", row: sorted(storage.Document(`{"n":7}`).Fields())})
		}
		_ = r.name()
	})
}
