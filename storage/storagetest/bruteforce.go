package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"nightwire/storage"
)

// chooser makes random documents and queries within limits; its source is seeded, so that a failure comes again.
type chooser struct {
	*rand.Rand
	Limits
}

func pick[T any](c chooser, from ...T) T { return from[c.IntN(len(from))] }

var brutePaths = []string{"identifier", "date", "srvModified", "created_at", "eventType", "x", "o.a"}

// testBruteForce: whatever way an engine chooses to answer a query, it finds what matching and sorting all documents
// finds; with all values of the expected types, and with any.
func (l Limits) testBruteForce(t *testing.T, e storage.Engine) {
	for seed, odd := range []bool{false, true} {
		c := chooser{rand.New(rand.NewPCG(uint64(seed), 7)), l}
		collection := fmt.Sprintf("random%d", seed)
		var group []storage.Write
		for i := range 120 {
			group = append(group, put(collection, fmt.Sprintf("%03d", i), c.fields(odd)))
		}
		fill(t, e, group...)
		all := find(t, e, collection, storage.Query{})
		for range l.scaled(1500) {
			q := c.query(all)
			checkLikeBruteForce(t, q, all, find(t, e, collection, q))
			if t.Failed() {
				return
			}
		}
	}
}

func checkLikeBruteForce(t *testing.T, q storage.Query, all, got []storage.Document) {
	var want []storage.Document
	for _, doc := range all {
		if q.Filter.Match(doc) {
			want = append(want, doc)
		}
	}
	slices.SortStableFunc(want, q.Compare)
	want = want[min(q.Skip, len(want)):]
	if q.Limit > 0 {
		want = want[:min(q.Limit, len(want))]
	}
	seen := map[storage.Document]bool{}
	for i, doc := range got {
		// Documents that are equal in all sort keys may come in any order.
		if seen[doc] || !q.Filter.Match(doc) || i >= len(want) || q.Compare(doc, want[i]) != 0 {
			t.Errorf("query %+v: place %d is %s", q, i, doc)
			return
		}
		seen[doc] = true
	}
	if len(got) != len(want) {
		t.Errorf("query %+v: %d documents, want %d", q, len(got), len(want))
	}
}

// fields are random members of a document.
func (c chooser) fields(odd bool) string {
	text := fmt.Sprintf(`"x":%s`, c.value())
	member := func(name string, usual storage.Value) {
		switch {
		case c.IntN(8) == 0:
		case odd && c.IntN(4) == 0:
			text += fmt.Sprintf(`,%q:%s`, name, c.value())
		default:
			text += fmt.Sprintf(`,%q:%s`, name, usual)
		}
	}
	member("date", c.number())
	member("created_at", c.text())
	member("eventType", pick[storage.Value](c, `"a"`, `"b"`, "null"))
	text += fmt.Sprintf(`,"o":%s`, pick(c, fmt.Sprintf(`{"a":%s}`, c.value()), "1", "null", fmt.Sprintf(`[{"a":%s},{"a":%s}]`, c.value(), c.value())))
	return text
}

func (c chooser) number() storage.Value {
	return pick[storage.Value](c, "0", "1", "1.0", "1.5", "2", "1e1", "-3", "9007199254740993", "9007199254740992", "1e300")
}

func (c chooser) text() storage.Value {
	return pick[storage.Value](c, `""`, `"a"`, `"b"`, `"ab"`, `"é"`, `"𝄞"`, `"z\"z"`, `"\u0001"`, `"\ud800"`)
}

func (c chooser) value() storage.Value {
	switch c.IntN(8) {
	case 0:
		return pick[storage.Value](c, "null", "true", "false", "[]", "{}")
	case 1:
		return storage.Value(fmt.Sprintf("[%s,%s]", c.element(), c.element()))
	case 2:
		return storage.Value(fmt.Sprintf(`{"a":%s}`, c.value()))
	case 3, 4:
		return c.text()
	default:
		return c.number()
	}
}

// element is a random element of an array.
func (c chooser) element() storage.Value {
	for {
		if v := c.value(); !c.NoNestedArrays || v[0] != '[' {
			return v
		}
	}
}

func (c chooser) query(all []storage.Document) storage.Query {
	q := storage.Query{Filter: c.filter(all, 2), Skip: max(0, c.IntN(12)-6), Limit: max(0, c.IntN(20)-5)}
	for range c.IntN(4) {
		q.Sort = append(q.Sort, storage.SortKey{Path: pick(c, brutePaths...), Desc: c.IntN(2) == 0})
	}
	if q.Skip > 0 && len(q.Sort) == 0 {
		q.Sort = []storage.SortKey{{Path: "identifier"}}
	}
	return q
}

func (c chooser) filter(all []storage.Document, depth int) storage.Filter {
	if depth > 0 && c.IntN(2) == 0 {
		f := storage.Filter{Op: pick(c, storage.And, storage.And, storage.Or)}
		for range c.IntN(4) {
			f.All = append(f.All, c.filter(all, depth-1))
		}
		return f
	}
	path := pick(c, brutePaths...)
	v := c.value()
	if known := all[c.IntN(len(all))].Get(path); c.IntN(3) > 0 && known != "" {
		v = known
	}
	op := pick(c, storage.Eq, storage.Ne, storage.Gt, storage.Gte, storage.Lt, storage.Lte, storage.In, storage.Nin, storage.Exists)
	f := storage.Filter{Op: op, Path: path, Value: v}
	if op == storage.In || op == storage.Nin {
		f.List = []storage.Value{v, pick(c, c.value(), c.number(), c.text())}
	}
	return f
}
