package directus

import (
	"errors"
	"testing"

	"nightwire/storage"
)

func TestProject(t *testing.T) {
	doc := storage.Document(`{"identifier":"4","id":4,"more":{"a":1,"b":{"c":2,"d":3}},"n":2,"srvModified":5,"srvCreated":5,"subject":"ann","isReadOnly":true,` +
		`"modifiedBy":"bob","isValid":true,"list":[{"a":1,"b":2},7,{"b":3}],"x\"y":"é"}`)
	for raw, want := range map[string]string{
		`{}`:                     `{"id":4,"test":null,"status":null,"n":2,"hidden_note":null,"more":{"a":1,"b":{"c":2,"d":3}},"isReadOnly":true,"list":[{"a":1,"b":2},7,{"b":3}],"x\"y":"é"}`,
		`{"fields":"n,id,test"}`: `{"n":2,"id":4,"test":null}`,
		`{"fields":["nope","identifier","srvModified","isValid","_id","n.x","nope.x"]}`: `{}`,
		`{"fields":["more.b.c","more.a","list.a"]}`:                                     `{"more":{"b":{"c":2},"a":1},"list":[{"a":1},{}]}`,
		`{"fields":["more.b.*","more.b.c"]}`:                                            `{"more":{"b":{"c":2,"d":3}}}`,
		`{"fields":["more.b.c","more.b"]}`:                                              `{"more":{"b":{"c":2,"d":3}}}`,
		`{"fields":["test.x","more.nope"]}`:                                             `{"test":null,"more":{}}`,
		`{"fields":["n2","more2.a","id"],"alias":{"n2":"n","more2":"more","z":"n"}}`:    `{"n2":2,"more2":{"a":1},"id":4}`,
		`{"fields":["list.b","*.*"]}`:                                                   `{"list":[{"b":2},{"b":3}],"id":4,"test":null,"status":null,"n":2,"hidden_note":null,"more":{"a":1,"b":{"c":2,"d":3}},"isReadOnly":true,"x\"y":"é"}`,
		`{"fields":["*","n","more.a","id","nope"]}`:                                     `{"id":4,"test":null,"status":null,"n":2,"hidden_note":null,"more":{"a":1},"isReadOnly":true,"list":[{"a":1,"b":2},7,{"b":3}],"x\"y":"é"}`,
		`{"fields":["n","*","id"]}`:                                                     `{"n":2,"id":4,"test":null,"status":null,"hidden_note":null,"more":{"a":1,"b":{"c":2,"d":3}},"isReadOnly":true,"list":[{"a":1,"b":2},7,{"b":3}],"x\"y":"é"}`,
		`{"alias":{"t2":"test"},"fields":"*"}`: `{"id":4,"test":null,"status":null,"n":2,"hidden_note":null,"more":{"a":1,"b":{"c":2,"d":3}},"isReadOnly":true,` +
			`"list":[{"a":1,"b":2},7,{"b":3}],"x\"y":"é","t2":null}`,
	} {
		q := asked(t, counted, raw)
		if got := q.project(doc); string(got) != want {
			t.Errorf("%s:\n%s, want\n%s", raw, got, want)
		}
		if again := asked(t, counted, q.text); again.project(doc) != q.project(doc) || again.text != q.text {
			t.Errorf("%s is not %s", again.text, q.text)
		}
	}
	if got := asked(t, given, `{}`).project(`{"identifier":"a","id":"own","date":5,"app":"x"}`); got != `{"id":"a","date":5,"app":"x"}` {
		t.Errorf("without columns: %s", got)
	}
}

func TestDocumentOf(t *testing.T) {
	uuids := storage.Collection{Name: "thing", IDs: storage.UUIDs}
	for _, one := range []struct {
		c         storage.Collection
		row, want string
	}{
		{counted, `{"id":7,"n":1,"test":null,"other":2,"srvModified":1,"isReadOnly":true}`, `{"identifier":"7","n":1,"test":null}`},
		{counted, `{"id":7.0}`, `{"identifier":"7"}`}, {counted, `{"id":"7"}`, `{"identifier":"7"}`}, {counted, `{"id":null,"identifier":"x"}`, `{}`}, {counted, `{}`, `{}`},
		{unlisted, `{"id":"7","n":{"a":[1]},"a.b":1,"subject":"x","modifiedBy":"x","isValid":false,"srvCreated":1,"_id":"x","isReadOnly":true}`,
			`{"identifier":"7","n":{"a":[1]},"a.b":1,"isReadOnly":true}`},
		{uuids, `{"n":1,"identifier":"x"}`, `{"n":1}`}, {given, `{"identifier":"x","date":1}`, `{"identifier":"x","date":1}`},
		{given, `{"identifier":"x","id":"y"}`, `{"identifier":"y"}`},
		{counted, `7`, ""}, {counted, `[]`, ""}, {counted, `{"$n":1}`, ""}, {unlisted, `{"_nw":1}`, ""}, {counted, `{"id":{"a":1}}`, ""}, {counted, `{"id":true}`, ""},
		{counted, `{"id":""}`, ""}, {counted, `{"id":[7]}`, ""}, {given, `{"identifier":{}}`, ""},
	} {
		got, err := documentOf(one.c, decoded(t, one.row))
		if string(got) != one.want || (err != nil) != (one.want == "") || err != nil && !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%s of %s: %s %v, want %s", one.row, one.c.Name, got, err, one.want)
		}
	}
	if _, err := documentOf(counted, ""); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("nothing: %v", err)
	}
}

func TestIdentifierOf(t *testing.T) {
	for id, want := range map[storage.Value]string{`7`: "7", `7.0`: "7", `"7"`: "7", `"a b"`: "a b", `""`: "", `null`: "", "": "", `{}`: "", `[1]`: "", "true": ""} {
		if got, err := identifierOf(id); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %s %v", id, got, err)
		}
	}
	for identifier, want := range map[string]storage.Value{"7": "7", "x": `"x"`, "": `""`} {
		if got := keyValue(counted, identifier); got != want {
			t.Errorf("%s: %s", identifier, got)
		}
	}
	if got := keyValue(given, "7"); got != `"7"` {
		t.Error(got)
	}
}

func TestChangedFields(t *testing.T) {
	for _, one := range []struct {
		change storage.Change
		want   string
	}{
		{storage.Change{Kind: storage.Create, Identifier: "1", After: `{"identifier":"1","id":1,"n":5,"test":"x","srvModified":1}`, Sent: []string{"test", "identifier", "n", "gone"}}, `{"test":"x","id":1,"n":5}`},
		{storage.Change{Kind: storage.Create, Before: `{"identifier":"1","was":1,"isValid":false}`, After: `{"identifier":"1","n":5}`, Sent: []string{"n"}}, `{"n":5}`},
		{storage.Change{Kind: storage.Update, Before: `{"n":4,"test":"x"}`, After: `{"n":5,"test":"x","srvModified":2}`, Sent: []string{"n", "srvModified"}}, `{"n":5}`},
		{storage.Change{Kind: storage.Update, Before: `{"n":4,"a":1,"subject":"x"}`, After: `{"n":5}`, Sent: []string{"n"}}, `{"n":5,"a":null}`},
		{storage.Change{Kind: storage.Update, Before: `{"o":{"a":1,"b":2}}`, After: `{"o":{"a":3,"b":4}}`, Sent: []string{"o.a", "o.b", "p.q"}}, `{"o":{"a":3,"b":4}}`},
		{storage.Change{Kind: storage.Update, Before: `{"a":1}`, After: `{"a":1}`}, `{}`},
	} {
		if got := changedFields(counted, one.change); string(got) != one.want {
			t.Errorf("%+v: %s, want %s", one.change, got, one.want)
		}
	}
}
