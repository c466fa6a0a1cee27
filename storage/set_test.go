package storage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSetFields(t *testing.T) {
	for _, c := range []struct{ doc, patch, want string }{
		{`{"a":1,"b":2}`, `{"b":3}`, `{"a":1,"b":3}`},
		{`{"m":1}`, `{"z":1,"b":2,"m":3,"a":4}`, `{"m":3,"a":4,"b":2,"z":1}`},
		{`{"a":{"x":1,"y":2}}`, `{"a.y":3,"a.b.c":4}`, `{"a":{"x":1,"y":3,"b":{"c":4}}}`},
		{`{}`, `{"a.b":1,"a.c":2,"0.1":3}`, `{"0":{"1":3},"a":{"b":1,"c":2}}`},
		{`{"a":[1,2,{"x":1}]}`, `{"a.0":9,"a.2.x":8,"a.2.y":7}`, `{"a":[9,2,{"x":8,"y":7}]}`},
		{`{"a":[]}`, `{"a.2.b":1}`, `{"a":[null,null,{"b":1}]}`},
		{`{"a":1}`, `{"a":{"b":{"$c":1}}}`, `{"a":{"b":{"$c":1}}}`},
		{`{"a.b":1,"a":{}}`, `{"a.b":2}`, `{"a.b":1,"a":{"b":2}}`},
		{`{"a":1}`, `{"a":null}`, `{"a":null}`},
	} {
		got, err := setFields(Document(c.doc), Document(c.patch).Fields())
		if err != nil || got != Document(c.want) {
			t.Errorf("%s with %s: %s, %v, want %s", c.doc, c.patch, got, err, c.want)
		}
	}
}

func TestSetFieldsRefused(t *testing.T) {
	for doc, patch := range map[string]string{
		`{"b":{}}`:     `{"b":1,"b.c":2}`,
		`{"c":{}}`:     `{"c.d.e":1,"c.d":2}`,
		`{"d":1}`:      `{"d.e":1}`,
		`{"e":null}`:   `{"e.f":1}`,
		`{"f":"text"}`: `{"f.g":1}`,
		`{"g":[]}`:     `{"g.x":1}`,
		`{"h":[]}`:     `{"h.01":1}`,
		`{"i":[]}`:     `{"i.1001":1}`,
		`{"j":[]}`:     `{"j.99999999999999999999":1}`,
		`{"k":[]}`:     `{"k.-1":1}`,
		`{"l":{}}`:     `{"l.":1}`,
		`{"m":{}}`:     `{".m":1}`,
		`{"n":{}}`:     `{"n..n":1}`,
		`{"o":[1]}`:    `{"o.$":1}`,
		`{"p":1}`:      `{"":1}`,
		`{"q":1}`:      `{"q` + strings.Repeat(".q", MaxDepth+1) + `":1}`,
		`{"r":{}}`:     `{"r` + strings.Repeat(".r", MaxDepth-1) + `":["]",{}]}`,
	} {
		got, err := setFields(Document(doc), Document(patch).Fields())
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s with %s: %s, %v", doc, patch, got, err)
		}
	}
}

// A patch is applied in the engine's one writer: many fields must not keep all other writes waiting. What reads the
// object or array anew for each field needs minutes for these.
func TestSetManyFields(t *testing.T) {
	const many = 60_000
	for name, doc := range map[string]string{"f%d": `{}`, "a.%d": `{"a":{}}`, "a.b%d.c": `{"a":{}}`, "l.%d.x": `{"l":[` + strings.Repeat("{},", many) + `0]}`} {
		fields := make([]Field, many)
		for i := range fields {
			fields[i] = Field{fmt.Sprintf(name, i), "1"}
		}
		start := time.Now()
		for range 2 { // new, and there
			changed, err := setFields(Document(doc), fields)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			doc = string(changed)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func FuzzSetFields(f *testing.F) {
	f.Add(`{"a":[1,{"b":2}]}`, `{"a.1.b":3,"c.d":4}`)
	f.Add(`{"a":1}`, `{"a.b":1}`)
	f.Fuzz(func(t *testing.T, text, patch string) {
		doc, err := DecodeDocument([]byte(text))
		if err != nil {
			return
		}
		fields, err := DecodeDocument([]byte(patch))
		if err != nil {
			return
		}
		got, err := setFields(doc, fields.Fields())
		if err != nil {
			return
		}
		again, err := Decode([]byte(got))
		if err != nil || again != Value(got) {
			t.Fatalf("%s with %s gives %s: %v", doc, fields, got, err)
		}
	})
}
