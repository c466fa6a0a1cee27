package daptin

import (
	"fmt"
	"strings"
	"testing"

	"nightwire/storage"
)

func TestFilters(t *testing.T) {
	fields := sorted(storage.Document(`{"n":7,"f":1.0,"s":"7","b":true,"z":null,"e":"","o":{"a":1,"b":[1,{"c":2,"d":3.0}]},"l":[1,2],"a.b":1,"EventType":"x"}`).Fields())
	for filters, want := range map[string]bool{
		`{}`: true, `null`: true, `"x"`: true, `[{"n":1}]`: true, ``: true,
		`{"n":7}`: true, `{"n":7.0}`: true, `{"n":70e-1}`: true, `{"n":"7"}`: false, `{"n":8}`: false, `{"n":true}`: false, `{"n":null}`: false,
		`{"f":1}`: true, `{"s":"7"}`: true, `{"s":7}`: false, `{"b":true}`: true, `{"b":1}`: false, `{"b":"true"}`: false, `{"b":false}`: false,
		`{"z":null}`: true, `{"missing":null}`: true, `{"missing":""}`: false, `{"missing":false}`: false, `{"missing":{}}`: false, `{"z":0}`: false, `{"e":null}`: false, `{"e":""}`: true,
		`{"o":{"b":[1.0,{"d":3,"c":2}],"a":1}}`: true, `{"o":{"a":1}}`: false, `{"o":"{\"a\":1}"}`: false, `{"o":{}}`: false, `{"o":[]}`: false,
		`{"l":[1,2]}`: true, `{"l":[2,1]}`: false, `{"l":1}`: false, `{"l":[1]}`: false,
		`{"a.b":1}`: true, `{"o.a":1}`: false, `{"N":7}`: false,
		`{"n":7,"s":"7"}`: true, `{"n":7,"s":"8"}`: false,
		`{"EventType":"create"}`: true, `{"EventType":"update"}`: false, `{"EventType":"CREATE"}`: false, `{"EventType":""}`: true,
		`{"EventType":5}`: true, `{"EventType":null}`: true, `{"EventType":["update"]}`: true, `{"EventType":"create","n":8}`: false, `{"EventType":"delete","n":7}`: false,
	} {
		f, err := parseFilter(storage.Value(filters))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.wants(&look{event: "create", row: fields}); got != want {
			t.Errorf("%s: %v", filters, got)
		}
	}
}

// Messages that are no objects have no fields to be restricted by.
func TestFiltersOfOpaqueMessages(t *testing.T) {
	f, err := parseFilter(`{"n":7,"EventType":"new-message"}`)
	if err != nil {
		t.Fatal(err)
	}
	if !f.wants(&look{event: newMessage, opaque: true}) || f.wants(&look{event: newMessage}) || f.wants(&look{event: "create", opaque: true}) {
		t.Error("judged wrongly")
	}
}

// Equal filters share what is made for them, others do not.
func TestEqualFilters(t *testing.T) {
	text := func(filters string) string {
		f, err := parseFilter(storage.Value(filters))
		if err != nil {
			t.Fatal(err)
		}
		return f.text
	}
	for _, equal := range [][]string{
		{``, `{}`, `null`, `"x"`, `{"EventType":""}`, `{"EventType":5}`},
		{`{"a":1,"b":2.0}`, `{"b":2,"a":1.0}`, `{"EventType":null,"a":1,"b":2}`},
	} {
		for _, one := range equal {
			if text(one) != text(equal[0]) {
				t.Errorf("%s is not %s", one, equal[0])
			}
		}
	}
	seen := map[string]string{}
	for _, one := range []string{`{}`, `{"a":1}`, `{"a":"1"}`, `{"a":null}`, `{"b":1}`, `{"EventType":"a"}`, `{"EventType":"a","a":1}`, `{"a":{"EventType":"a"}}`} {
		if other, known := seen[text(one)]; known {
			t.Errorf("%s is taken for %s", one, other)
		}
		seen[text(one)] = one
	}
}

// Deletions are judged by the last state that is known; of an update, the new state counts.
func TestFiltersOfRows(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	hear := func(filters string) *client {
		c := h.connect(token)
		c.send(subscribe("todo", filters))
		c.settled()
		return c
	}
	is := map[string]*client{
		"old": hear(`{"title":"old"}`), "new": hear(`{"title":"new","count":7}`), "deleted": hear(`{"EventType":"delete","title":"new"}`),
		"never": hear(`{"EventType":"delete","title":"old"}`), "second": hear(`{"version":2}`), "mine": hear(`{"user_account_id":null,"__type":"todo"}`),
	}
	id := h.insert("todo", `{"title":"old","count":7}`)
	h.patch("todo", id, `{"title":"new"}`)
	h.delete("todo", id, true)
	for name, want := range map[string]string{
		"old": "create", "new": "update delete", "deleted": "delete", "never": "", "second": "update delete", "mine": "create update delete",
	} {
		for _, kind := range strings.Fields(want) {
			if got := is[name].next(); !strings.Contains(got, `"EventType":"`+kind+`"`) || !strings.Contains(got, id) {
				t.Errorf("%s heard %s, want %s", name, got, kind)
			}
		}
		is[name].settled()
	}
}

// Every filter is judged for every event. What many of them ask for is looked up, and nothing is noted that only one asks for.
func TestFiltersAreJudgedWithoutATrace(t *testing.T) {
	l := newLook("todo", "create", database, row{{Name: "a", Value: "1"}, {Name: "b", Value: `{"c":[1.0]}`}}, nil)
	asked := 0
	ask := func() {
		asked++
		f, err := parseFilter(storage.Value(fmt.Sprintf(`{"a":1.0,"b":{"c":[1]},"missing%d":null}`, asked)))
		if err != nil || !f.wants(l) {
			t.Fatal("not wanted", err)
		}
	}
	ask()
	known := len(l.places) + len(l.compared)
	for range 1000 {
		ask()
	}
	if now := len(l.places) + len(l.compared); now != known {
		t.Errorf("%d names are noted, %d after the first filter", now, known)
	}
}

// Of a deletion of which no more is known than the reference, filters know the reference.
func TestFiltersOfUnknownDeletions(t *testing.T) {
	h := newHouse(t, Options{})
	c, err := h.documents.Collection("todo")
	if err != nil {
		t.Fatal(err)
	}
	l := h.server.documentLook(c, storage.Change{Kind: storage.Delete, Collection: "todo", Identifier: "a"})
	for filters, want := range map[string]bool{
		`{"reference_id":"a"}`: true, `{"__type":"todo","title":null}`: true, `{"reference_id":"b"}`: false, `{"title":"x"}`: false,
	} {
		f, err := parseFilter(storage.Value(filters))
		if err != nil || f.wants(l) != want {
			t.Errorf("%s: %v, %v", filters, f.wants(l), err)
		}
	}
	if got := string(l.data(Doc)); got != `{"__type":"todo","reference_id":"a"}` {
		t.Error(got)
	}
}
