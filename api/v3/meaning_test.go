package v3

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// shelf is an engine with documents of all shapes, and the same documents in a list.
type shelf struct {
	engine *sqlite.Engine
	all    map[string][]storage.Document // by collection; in one of them the columns hold what they should
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &shelf{e, map[string][]storage.Document{}}
	r := rand.New(rand.NewPCG(7, 8))
	for _, collection := range []string{"usual", "odd"} {
		var group []storage.Write
		for i := range 150 {
			doc := shelfDocument(r, i, collection == "odd")
			s.all[collection] = append(s.all[collection], doc)
			group = append(group, storage.Write{Collection: collection, Decide: func(*storage.Stored, int64) (storage.Next, error) {
				return storage.Next{Kind: storage.Create, Document: doc}, nil
			}})
		}
		if _, err := e.Apply(t.Context(), group...); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var shelfValues = []string{"null", "true", "false", "0", "1", "1.5", "-2", "100", `"1"`, `"a"`, `"ab"`, `""`, `"null"`, "[]", "[1,2]", `["a",null]`, `{"b":1}`,
	`[{"b":"a"},{"b":[1]}]`, "9007199254740993", `"2023-05-01T00:00:00.000Z"`}

func shelfDocument(r *rand.Rand, i int, odd bool) storage.Document {
	d := storage.Document("{}").Edit()
	d.Set("identifier", storage.StringValue(fmt.Sprintf("%03d", i)))
	d.Set("srvModified", storage.IntValue(1680000000000+int64(r.IntN(100))))
	set := func(name string, usual storage.Value) {
		switch {
		case r.IntN(6) == 0:
		case odd && r.IntN(3) == 0:
			d.Set(name, storage.Value(shelfValues[r.IntN(len(shelfValues))]))
		default:
			d.Set(name, usual)
		}
	}
	ms := 1680000000000 + int64(r.IntN(50))*1000
	set("date", storage.IntValue(ms))
	set("created_at", storage.StringValue(storage.ISODate(ms)))
	set("eventType", storage.StringValue([]string{"a", "Note", "1"}[r.IntN(3)]))
	set("x", storage.Value(shelfValues[r.IntN(len(shelfValues))]))
	set("o", storage.Value(`{"b":`+shelfValues[r.IntN(len(shelfValues))]+`}`))
	return d.Document()
}

// check compares what the engine finds, through whatever index, with what a look at every document finds.
func (s *shelf) check(t *testing.T, raw string) {
	t.Helper()
	q, err := parseQuery(parseParameters(raw), 1000)
	if err != nil {
		return
	}
	q.Sort = append(q.Sort, storage.SortKey{Path: "identifier"}) // so that the order is complete
	for collection, all := range s.all {
		var want, got []storage.Document
		for _, doc := range all {
			if q.Filter.Match(doc) {
				want = append(want, doc)
			}
		}
		slices.SortFunc(want, q.Compare)
		want = want[min(q.Skip, len(want)):]
		if q.Limit > 0 {
			want = want[:min(q.Limit, len(want))]
		}
		for doc, err := range s.engine.Find(t.Context(), collection, q) {
			if err != nil {
				t.Fatalf("%q: %v", raw, err)
			}
			got = append(got, doc)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: the engine finds %d documents of %s, a look at all of them %d:\n%s\n%s", raw, len(got), collection, len(want), got, want)
		}
	}
}

// A query string means the same to every index and to a scan.
func TestQueriesMeanTheSameToIndexAndScan(t *testing.T) {
	s := newShelf(t)
	r := rand.New(rand.NewPCG(9, 10))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	for range 3000 {
		var parts []string
		for range 1 + r.IntN(3) {
			value := pick(shelfValues...)
			var text string
			if json.Unmarshal([]byte(value), &text) != nil {
				text = value
			}
			text = pick(text, text, "'"+text+"'", "1680000010", "2023-03-28T10:40:10Z", "1|a|"+text)
			name := pick("identifier", "date", "date", "created_at", "eventType", "srvModified", "x", "o.b", "x.0", "o")
			parts = append(parts, name+pick("", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$re", "$exists", "$null")+"="+pick(text, text, "true"))
		}
		parts = append(parts, pick("", "sort=date", "sort$desc=created_at", "sort=x", "sort=identifier", "sort$desc=srvModified", "sort=eventType"),
			pick("", "limit=3"), pick("", "skip=2"))
		if s.check(t, strings.Join(parts, "&")); t.Failed() {
			return
		}
	}
}

func FuzzQueryMeaning(f *testing.F) {
	for _, raw := range []string{"date$gte=1680000010000&date$lt=1680000020000&sort$desc=date&limit=5", "x$in=1|a&sort=x", "o.b$null=true", "eventType=Note&sort=created_at",
		"x=1&x=2", "o[b]=1", "created_at$re=Z$&skip=3", "date$in=1680000010000|1680000011000", "identifier$nin=001|002"} {
		f.Add(raw)
	}
	s := newShelf(f)
	f.Fuzz(func(t *testing.T, raw string) { s.check(t, raw) })
}
