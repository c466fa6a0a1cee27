package directus

import (
	"errors"
	"testing"

	"nightwire/storage"
)

// FuzzQuery: whatever a client sends, a query is refused as one or has a text that is the query itself, and can be run.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"filter":{"n":{"_gt":1,"_lt":"3"},"_or":[{"a":{"b":null}},{"c":{"_in":"1,2"}}]},"sort":["-n"],"fields":"id,a.b","limit":"5","page":2}`,
		`{"aggregate":{"count":["*"],"sum":"n"},"group":["s"],"sort":"-sum.n","search":"É"}`, `{"alias":{"x":"n"},"fields":["*","x"],"meta":"*"}`,
		`{"filter":"{\"d\":{\"_between\":[\"$NOW(-1 day)\",\"$NOW\"]}}"}`, `{"filter":{"a":{"_nieq":"x"},"id":{"_nin":[1,"2.0"]}}}`, `{"limit":-1,"offset":3}`,
		`{"filter":{"a":{"_icontains":"\ud800"}}}`, `{"search":1e5,"limit":1e400}`, `[1]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := storage.Decode(raw)
		if err != nil {
			return
		}
		for _, c := range []storage.Collection{counted, unlisted, given} {
			checkQuery(t, v, c)
		}
	})
}

// generous are limits that what was accepted once does not meet in another form.
var generous = queryOptions{User: "ann", Now: someTime, MaxDepth: 1000, MaxList: 1 << 20}

func checkQuery(t *testing.T, raw storage.Value, c storage.Collection) {
	q, err := parseQuery(raw, c, queryOptions{User: "ann", Now: someTime})
	if err != nil {
		if !errors.Is(err, errBadQuery) {
			t.Fatalf("%s: %v", raw, err)
		}
		return
	}
	text, err := storage.Decode([]byte(q.text))
	if err != nil || string(text) != q.text {
		t.Fatalf("%s: %s: %v", raw, q.text, err)
	}
	again, err := parseQuery(text, c, generous)
	if err != nil || again.text != q.text {
		t.Fatalf("%s:\n%s\n%s\n%v", raw, q.text, again.text, err)
	}
	rows, err := q.rows(among(recorded...))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, row := range rows {
		if back, err := storage.Decode([]byte(row)); err != nil || back != row {
			t.Fatalf("%s: %s: %v", raw, row, err)
		}
	}
	others, err := again.rows(among(recorded...))
	if err != nil || array(others) != array(rows) {
		t.Fatalf("%s: %v, but of %s %v", raw, rows, q.text, others)
	}
}

// FuzzFilter: the same for filters alone, in which a document is judged as the text says.
func FuzzFilter(f *testing.F) {
	for name := range operators {
		f.Add([]byte(`{"n":{"`+name+`":1}}`), []byte(`{"n":"1"}`))
		f.Add([]byte(`{"o":{"a":{"`+name+`":["a","2024-03-31T12:00:00Z"]}}}`), []byte(`{"o":[{"a":null}]}`))
		f.Add([]byte(`{"_or":[{"s":{"`+name+`":"true"}},{"_and":[{"n":{"_null":false}}]}]}`), []byte(`{"s":"TRUE"}`))
	}
	f.Fuzz(func(t *testing.T, raw, text []byte) {
		v, err := storage.Decode(raw)
		doc, bad := storage.DecodeDocument(text)
		if err != nil || bad != nil {
			return
		}
		o := queryOptions{User: "ann", Now: someTime}.complete()
		c, err := parseFilter(v, o)
		if err != nil {
			if !errors.Is(err, errBadQuery) {
				t.Fatalf("%s: %v", v, err)
			}
			return
		}
		again, err := parseFilter(c.text(), generous)
		if err != nil || again.text() != c.text() {
			t.Fatalf("%s: %s, %s: %v", v, c.text(), again.text(), err)
		}
		for _, collection := range []storage.Collection{counted, given} {
			filter := c.compile(collection)
			if got := filter.Match(doc); got != again.compile(collection).Match(doc) || got != filter.Prepared().Match(doc) {
				t.Fatalf("%s and %s differ about %s", v, c.text(), doc)
			}
		}
	})
}
