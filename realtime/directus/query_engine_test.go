package directus

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// dice makes random documents and queries; its source is seeded, so that a failure comes again.
type dice struct{ *rand.Rand }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

func (d dice) value() storage.Value {
	return pick[storage.Value](d, "null", "true", "false", "0", "1", "1.0", "2", "-3", "1e3", "9007199254740993", "1711886400000", `""`, `"1"`, `"2"`, `"a"`, `"A"`, `"ab"`,
		`"b\"a"`, `"é"`, `"true"`, `"null"`, `"a,b"`, `"$CURRENT_USER"`, `"ann"`, `"$NOW"`, `"2024-03-31T12:00:00.000Z"`)
}

var variables = []string{"test", "n", "status", "more", "o.a", "o.b", "list", "date", "created_at", "id", "srvModified"}

func (d dice) document(key int) storage.Document {
	fields := []storage.Field{
		{Name: "identifier", Value: storage.StringValue(fmt.Sprint(key))}, {Name: "id", Value: storage.IntValue(int64(key))},
		{Name: "list", Value: array([]storage.Value{d.value(), d.value()})},
		{Name: "o", Value: pick(d, object(storage.Field{Name: "a", Value: d.value()}, storage.Field{Name: "b", Value: d.value()}), "1", "null", `[{"a":1},{"b":"a"}]`)},
	}
	for _, name := range []string{"test", "n", "status", "more", "date", "created_at"} {
		if d.IntN(4) > 0 {
			fields = append(fields, storage.Field{Name: name, Value: d.value()})
		}
	}
	return storage.Document(object(fields...))
}

// filter is a random filter that parses.
func (d dice) filter(depth int) storage.Value {
	if depth > 0 && d.IntN(3) == 0 {
		var parts []storage.Value
		for range d.IntN(4) {
			parts = append(parts, d.filter(depth-1))
		}
		return object(storage.Field{Name: pick(d, "_and", "_or"), Value: array(parts)})
	}
	conditions := map[string]storage.Value{}
	names := make([]string, 0, len(operators))
	for name := range operators {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 1 + d.IntN(2) {
		name := pick(d, names...)
		conditions[name] = d.operand(name)
	}
	var fields []storage.Field
	for name, v := range conditions {
		fields = append(fields, storage.Field{Name: name, Value: v})
	}
	return object(storage.Field{Name: pick(d, variables...), Value: object(fields...)})
}

func (d dice) operand(name string) storage.Value {
	switch {
	case takesList(name):
		list := []storage.Value{d.value(), d.value()}
		return array(list[:pick(d, 2, 2, 2, 1, 0)])
	case opposites[name] != "":
		return pick[storage.Value](d, "true", "false")
	}
	for {
		if v := d.value(); v != "null" {
			return v
		}
	}
}

func (d dice) query() storage.Value {
	fields := []storage.Field{{Name: "limit", Value: "-1"}, {Name: "filter", Value: d.filter(2)}}
	if d.IntN(4) == 0 {
		fields = append(fields, storage.Field{Name: "search", Value: pick[storage.Value](d, `"a"`, `"1"`, "2", `"É"`, `"7"`, `"zz"`)})
	}
	if d.IntN(2) == 0 {
		fields = append(fields, storage.Field{Name: "sort", Value: storage.StringValue(pick(d, "", "-") + pick(d, variables...) + pick(d, "", ",-n"))})
	}
	return object(fields...)
}

// everybody may do everything.
type everybody struct{}

func (everybody) Check(context.Context, security.Identity, security.Permission) error { return nil }

// engineHouse is documents in an engine, and the changes that brought them there.
type engineHouse struct {
	documents *storage.Documents
	changes   map[string][]storage.Change
}

func differential(t *testing.T, d dice, collections ...storage.Collection) engineHouse {
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h := engineHouse{storage.NewDocuments(engine, everybody{}, storage.Options{Collections: collections}), map[string][]storage.Change{}}
	t.Cleanup(func() {
		h.documents.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, c := range collections {
		var group []storage.Write
		for key := range 60 {
			doc := d.document(key + 1)
			group = append(group, storage.Write{Collection: c.Name, Key: storage.Key{Identifier: doc.Identifier()},
				Decide: func(_ *storage.Stored, now int64) (storage.Next, error) {
					stamped := doc.Edit()
					stamped.Set("srvModified", storage.IntValue(now))
					return storage.Next{Kind: storage.Create, Document: stamped.Document()}, nil
				}})
		}
		if h.changes[c.Name], err = engine.Apply(t.Context(), group...); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// differences are queries that select other documents in the engine than judge does of the changes.
func (h engineHouse) differences(t *testing.T, d dice, c storage.Collection, n int, judge func(*query, storage.Document) bool) (found []string) {
	matched := 0
	for range n {
		raw := d.query()
		q := asked(t, c, string(raw))
		var got, want []string
		docs, err := q.documents(func(find storage.Query) iter.Seq2[storage.Document, error] {
			return h.documents.Search(t.Context(), storage.Request{}, c.Name, find)
		})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var before storage.Document
		for _, doc := range docs {
			got = append(got, doc.Identifier())
			if !q.matches(doc) { // as clients of other protocols see it
				t.Errorf("%s: %s does not match as it is shown", raw, doc)
			}
			if doc = withKey(c, doc); before != "" && q.find.Compare(before, doc) > 0 {
				t.Errorf("%s: %s comes before %s", raw, before, doc)
			}
			before = doc
		}
		for _, change := range h.changes[c.Name] {
			if judge(q, change.After) {
				want = append(want, change.Identifier)
			}
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			found = append(found, fmt.Sprintf("%s (%s):\n%v in the engine\n%v of the changes", raw, q.text, got, want))
		}
		if 0 < len(got) && len(got) < len(h.changes[c.Name]) {
			matched++
		}
		if again := asked(t, c, q.text); again.text != q.text || again.matches(h.changes[c.Name][0].After) != q.matches(h.changes[c.Name][0].After) {
			t.Errorf("%s: %s is %s", raw, q.text, again.text)
		}
	}
	if matched < n/3 {
		t.Errorf("only %d of %d queries select some", matched, n)
	}
	return found
}

// TestFilterOnChange: what matches a query when it is told as a change is what the engine then finds by it.
func TestFilterOnChange(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(7, 7))}
	h := differential(t, d, counted, unlisted, given)
	for _, c := range []storage.Collection{counted, unlisted, given} {
		for _, difference := range h.differences(t, d, c, 1500, (*query).matches) {
			t.Errorf("%s: %s", c.Name, difference)
			return
		}
	}
	// A fault of the usual kind would be seen: a negation that is met by null.
	careless := func(q *query, doc storage.Document) bool {
		return q.matches(doc) || strings.Contains(q.text, "_neq") && doc.Get("n") == ""
	}
	if len(h.differences(t, d, counted, 500, careless)) == 0 {
		t.Error("a planted fault was not seen")
	}
}
