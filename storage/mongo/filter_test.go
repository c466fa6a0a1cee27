package mongo

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

func condition(path string, op storage.Op, v storage.Value) storage.Filter {
	return storage.Filter{Op: op, Path: path, Value: v}
}

func listed(path string, op storage.Op, list ...storage.Value) storage.Filter {
	return storage.Filter{Op: op, Path: path, List: list}
}

func matching(path, expression string) storage.Filter {
	return storage.Filter{Op: storage.Regexp, Path: path, Pattern: regexp.MustCompile(expression)}
}

func both(op storage.Op, children ...storage.Filter) storage.Filter {
	return storage.Filter{Op: op, All: children}
}

const none = `{"_id": {"$in": []}}`

// TestNarrowing: what the server is asked, and whether that is all there is to the filter. On odd paths there are values that
// are shown as of another type.
func TestNarrowing(t *testing.T) {
	v := translator{func(path string) bool { return path != "odd" && path != "odd.a" }}
	long := strings.Split(strings.Repeat("1 ", maxList+1), " ")
	values := make([]storage.Value, maxList+1)
	for i := range values {
		values[i] = storage.Value(long[i])
	}
	for _, c := range []struct {
		filter storage.Filter
		want   string
		exact  bool
	}{
		{storage.Filter{}, `{}`, true},
		{both(storage.Or), none, true},
		{condition("a", storage.Eq, "5"), `{"a": {"$eq": {"$numberInt":"5"}}}`, true},
		{condition("a", storage.Gt, "9007199254740993"), `{"a": {"$gt": {"$numberLong":"9007199254740993"}}}`, true},
		{condition("a", storage.Lte, "1.5"), `{"a": {"$lte": {"$numberDouble":"1.5"}}}`, true},
		{condition("a.b", storage.Ne, `"x\u0001"`), `{"a.b": {"$ne": "x\u0001"}}`, true},
		{condition("a", storage.Gte, "true"), `{"a": {"$gte": true}}`, true},
		{condition("odd", storage.Ne, "false"), `{"odd": {"$ne": false}}`, true},
		{condition("odd", storage.Eq, "5"), `{}`, false},
		{condition("odd", storage.Eq, "null"), `{}`, false},
		{condition("odd.a", storage.Lt, `"x"`), `{}`, false},
		{condition("odd", storage.Exists, "true"), `{"odd": {"$exists": true}}`, true},
		{condition("a.b", storage.Exists, "0"), `{"a.b": {"$exists": false}}`, true},
		{condition("a", storage.Eq, "null"), `{"a": {"$eq": null}}`, true},
		{condition("a", storage.Ne, ""), `{"a": {"$ne": null}}`, true},
		{condition("a", storage.Gte, "null"), `{"a": {"$eq": null}}`, true},
		{condition("a", storage.Lt, "null"), none, true},
		{condition("a.b", storage.Eq, "null"), `{}`, false},
		{condition("a", storage.Eq, `{"$gt":1}`), `{}`, false},
		{condition("a", storage.Eq, `[1]`), `{}`, false},
		{condition("a", storage.Eq, `"$where"`), `{"a": {"$eq": "$where"}}`, true},
		{condition("a", storage.Eq, "1e999"), `{}`, false},
		{listed("a", storage.In, "1", `"x"`, "null"), `{"a": {"$in": [{"$numberInt":"1"},"x",null]}}`, true},
		{listed("a.b", storage.Nin, "1", "2"), `{"a.b": {"$nin": [{"$numberInt":"1"},{"$numberInt":"2"}]}}`, true},
		{listed("a", storage.In), none, true},
		{listed("a", storage.Nin), `{}`, true},
		{listed("a", storage.In, "1", "{}"), `{}`, false},
		{listed("a.b", storage.In, "1", "null"), `{}`, false},
		{listed("odd", storage.Nin, "1"), `{}`, false},
		{listed("a", storage.In, values...), `{}`, false},

		{condition("$where", storage.Eq, "1"), `{}`, false},
		{condition("a.$b", storage.Eq, "1"), `{}`, false},
		{condition("", storage.Eq, "1"), `{}`, false},
		{condition("a..b", storage.Eq, "1"), `{}`, false},
		{condition("a.0", storage.Eq, "1"), `{}`, false},
		{condition("a\x00", storage.Eq, "1"), `{}`, false},
		{condition("a\xff", storage.Eq, "1"), `{}`, false},
		{condition("_id", storage.Eq, "1"), `{}`, false},
		{condition("_nw.rev", storage.Eq, "1"), `{}`, false},
		{condition("identifier.x", storage.Exists, "false"), `{}`, false},

		{condition("identifier", storage.Eq, `"x"`), `{"$or": [{"identifier": {"$in": ["x"]}},{"_id": {"$in": ["x"]}}]}`, false},
		{listed("identifier", storage.In, `"`+someHex+`"`),
			`{"$or": [{"identifier": {"$in": ["` + someHex + `"]}},{"_id": {"$in": ["` + someHex + `",{"$oid":"` + someHex + `"}]}}]}`, false},
		{condition("identifier", storage.Gt, `"x"`), `{"identifier": {"$gt": "x"}}`, true},
		{condition("identifier", storage.Exists, "true"), `{}`, false},
		{condition("identifier", storage.Ne, "true"), `{}`, false},

		{matching("a", "^ab.c"), `{"a": {"$gte": "ab","$lt": "ac"}}`, false},
		{matching("a", "^é"), `{"a": {"$gte": "é"}}`, false},
		{matching("a", "^a~"), `{"a": {"$gte": "a~"}}`, false},
		{matching("a", "x?b.c+"), `{"a": {"$regex": "b"}}`, false},
		{matching("a", `[xy]b\.cd`), `{"a": {"$regex": "b\\.cd"}}`, false},
		{matching("a", "(?i)abc"), `{}`, false},
		{matching("a", "abc|d"), `{}`, false},
		{matching("a", "(?m)^abc"), `{"a": {"$regex": "abc"}}`, false},
		{matching("a", `\x00`), `{}`, false},
		{matching("odd", "abc"), `{}`, false},

		{both(storage.And, condition("a", storage.Gt, "1"), condition("odd", storage.Gt, "1")), `{"a": {"$gt": {"$numberInt":"1"}}}`, false},
		{both(storage.And, condition("a", storage.Gt, "1"), condition("a", storage.Lt, "2")),
			`{"$and": [{"a": {"$gt": {"$numberInt":"1"}}},{"a": {"$lt": {"$numberInt":"2"}}}]}`, true},
		{both(storage.Or, condition("a", storage.Gt, "1"), condition("odd", storage.Gt, "1")), `{}`, false},
		{both(storage.Or, condition("a", storage.Eq, "1"), matching("b", "x")),
			`{"$or": [{"a": {"$eq": {"$numberInt":"1"}}},{"b": {"$regex": "x"}}]}`, false},
		{both(storage.Or, condition("a", storage.Eq, "1"), listed("b", storage.Nin)), `{}`, true},
	} {
		n := v.translate(&c.filter)
		got, err := bson.MarshalExtJSON(n.filter, true, false)
		var want bson.D
		if err == nil {
			err = bson.UnmarshalExtJSON([]byte(c.want), true, &want)
		}
		canonical, merr := bson.MarshalExtJSON(want, true, false)
		if err != nil || merr != nil || string(got) != string(canonical) || n.exact != c.exact {
			t.Errorf("%.200v: %s, exact %v (%v, %v); want %s, %v", c.filter, got, n.exact, err, merr, canonical, c.exact)
		}
	}
}

// TestLiterals: every text that an expression matches holds its literal.
func TestLiterals(t *testing.T) {
	for _, text := range []string{"abc", "xabcx", "ab\nc", "ABC", "é~", "", "a.c", "abcabc"} {
		for _, expression := range []string{"abc", "^abc", "b.", "^a", "^(ab)+c", "a|b", "^a|b", "(?i)b", "a*", "^~", "é~?", `\Aab`, "c$", "(?s)b.c", "^a{2}", "(abc){2}", "^^a", "(^a)b", "a??b"} {
			f := matching("a", expression)
			if !f.Pattern.MatchString(text) {
				continue
			}
			n := translator{func(string) bool { return true }}.pattern(&f)
			if !accepted(t, n, text) {
				t.Errorf("%q matches %s, and not %v", text, expression, n.filter)
			}
		}
	}
}

func accepted(t *testing.T, n narrowing, text string) bool {
	for _, path := range n.filter {
		for _, operation := range path.Value.(bson.D) {
			operand := operation.Value.(string)
			switch {
			case operation.Key == "$gte" && text < operand, operation.Key == "$lt" && text >= operand:
				return false
			case operation.Key == "$regex" && !regexp.MustCompile(operand).MatchString(text):
				return false
			}
		}
	}
	return true
}

// TestPager: whatever order documents come in, a page is the same stretch of the whole; in runs if they come in the order of
// the first key.
func TestPager(t *testing.T) {
	var docs []storage.Document
	for i := range 5000 {
		docs = append(docs, storage.Document(`{"a":`+string(storage.IntValue(int64(i*7919%5000/100)))+`,"b":`+string(storage.IntValue(int64(i)))+`}`))
	}
	for _, q := range []storage.Query{
		{Sort: []storage.SortKey{{Path: "a"}, {Path: "b", Desc: true}}, Skip: 95, Limit: 210},
		{Sort: []storage.SortKey{{Path: "a", Desc: true}, {Path: "b"}}, Limit: 1},
		{Sort: []storage.SortKey{{Path: "b"}}, Skip: 4990}, {Skip: 4, Limit: 3},
	} {
		want := slices.Clone(docs)
		slices.SortStableFunc(want, q.Compare)
		whole := page(q, false, docs)
		ordered := slices.Clone(docs)
		slices.SortStableFunc(ordered, storage.Query{Sort: q.Sort[:min(1, len(q.Sort))]}.Compare)
		runs := page(q, true, ordered)
		want = want[q.Skip:]
		if q.Limit > 0 {
			want = want[:q.Limit]
		}
		if !slices.Equal(whole, want) || !slices.Equal(runs, want) {
			t.Errorf("%+v: %d and %d documents are not the %d wanted", q, len(whole), len(runs), len(want))
		}
	}
}

func page(q storage.Query, ordered bool, docs []storage.Document) (got []storage.Document) {
	p := newPager(q, ordered, func(doc storage.Document) bool {
		got = append(got, doc)
		return true
	})
	for _, doc := range docs {
		if p.full() {
			break
		}
		p.add(doc)
	}
	p.flush()
	return got
}

func TestUnindexed(t *testing.T) {
	have := []index{{Key: marshal(t, bson.D{{Key: "date", Value: 1}})}, {Key: marshal(t, bson.D{{Key: "s", Value: 1}}), Sparse: true}}
	q := storage.Query{Sort: []storage.SortKey{{Path: "x", Desc: true}, {Path: "y"}}, Filter: both(storage.And,
		condition("date", storage.Gt, "1"), condition("s", storage.Eq, "1"), matching("date", "a"), both(storage.Or, condition("z", storage.Eq, "1")))}
	if got := unindexed(have, q); !slices.Equal(got, []string{"date", "s", "x", "z"}) {
		t.Errorf("%v", got)
	}
}
