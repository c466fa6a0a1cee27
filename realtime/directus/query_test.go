package directus

import (
	"encoding/json"
	"errors"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"nightwire/storage"
)

// among finds documents in a list as an engine does.
func among(docs ...storage.Document) searcher {
	return func(q storage.Query) iter.Seq2[storage.Document, error] {
		var found []storage.Document
		for _, doc := range docs {
			if q.Filter.Match(doc) {
				found = append(found, doc)
			}
		}
		slices.SortStableFunc(found, q.Compare)
		found = found[min(q.Skip, len(found)):]
		if q.Limit > 0 {
			found = found[:min(q.Limit, len(found))]
		}
		return func(yield func(storage.Document, error) bool) {
			for _, doc := range found {
				if !yield(doc, nil) {
					return
				}
			}
		}
	}
}

var (
	counted  = storage.Collection{Name: "test", IDs: storage.CountedIDs, Fields: []string{"test", "status", "n", "hidden_note"}}
	unlisted = storage.Collection{Name: "todo", IDs: storage.CountedIDs}
	given    = storage.Collection{Name: "entries"}
)

var someTime = time.Date(2024, 3, 31, 12, 0, 0, 0, time.UTC)

func asked(t testing.TB, c storage.Collection, raw string) *query {
	t.Helper()
	q, err := parseQuery(decoded(t, raw), c, queryOptions{User: "ann", Now: someTime})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return q
}

func decoded(t testing.TB, raw string) storage.Value {
	t.Helper()
	if raw == "" {
		return ""
	}
	v, err := storage.Decode([]byte(raw))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func rowsText(t testing.TB, q *query, search searcher) string {
	t.Helper()
	rows, err := q.rows(search)
	if err != nil {
		t.Fatal(err)
	}
	return string(array(rows))
}

// recorded are the rows that the recorded servers held at first.
var recorded = []storage.Document{
	`{"identifier":"1","id":1,"test":"one","status":"published","n":1,"hidden_note":"h1","srvModified":5,"isValid":true}`,
	`{"identifier":"2","id":2,"test":"two","status":"draft","n":2,"hidden_note":"h2"}`,
	`{"identifier":"3","id":3,"test":"three","status":"published","n":3,"hidden_note":"h3"}`,
}

// deviations are the recorded queries that are answered otherwise here, and why.
var deviations = map[string]string{
	`{"limit":0}`:                                            "the extension took 0 for nothing said; asked for no rows, one gets none (spec §9 13)",
	`{"filter":{"nope":{"_eq":1}}}`:                          "documents may have more fields than the columns",
	`{"filter":{"n":{"_bogus":1}},"fields":["id"]}`:          "ignoring an unknown operator shows everything (spec §6)",
	`{"filter":{"test":{"_contains":"W"}},"fields":["id"]}`:  "case is SQLite's matter (spec §6)",
	`{"filter":{"n":{"_gt":1}},"sort":"-n","fields":"id,n"}`: "the raw path took no texts with commas (spec §9 22)",
	`{"aggregate":{"count":"*"}}`:                            "the raw path took no texts with commas (spec §9 22)",
	`[1]`:                                                    "answered by G2, refused by G3", `"x"`: "answered by G2, refused by G3",
	"null": "the recorded servers failed at it, or answered as if it were absent",
}

// TestRecordedQueries: what the recorded servers answered to the queries of an admin, before anything was written.
func TestRecordedQueries(t *testing.T) {
	text, err := os.ReadFile("../../e2e/golden/directus.json")
	if err != nil {
		t.Fatal(err)
	}
	type message struct {
		Role, Who string
		Send      json.RawMessage
		Recv      []json.RawMessage // texts of frames, and how a connection ended
	}
	var recording struct {
		Generations map[string]struct{ Messages []message }
		Core        map[string]struct{ Transcript []message } `json:"core_10_13_4"`
	}
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	tried, differ := 0, map[string]bool{}
	try := func(m message) {
		v, err := storage.Decode(m.Send)
		kind := strings.ToLower(strings.TrimSpace(v.Get("type").Text()))
		raw := v.Get("query")
		if err != nil || m.Role+m.Who != "admin" || len(m.Recv) == 0 || raw == "" || kind != "get" && v.Get("action") != `"read"` ||
			strings.ToLower(strings.TrimSpace(v.Get("collection").Text())) != "test" {
			return
		}
		frame, want := decoded(t, storage.Value(m.Recv[0]).Text()), ""
		if frame.Get("data").Type() == storage.Array {
			want = string(frame.Get("data"))
		}
		if v.Get("id") != "" || v.Get("ids") != "" || frame.Get("data") == `"Collection does not exist in schema"` {
			return
		}
		got, gotMeta := "", storage.Value("")
		if q, err := parseQuery(raw, counted, queryOptions{}); err == nil {
			got = rowsText(t, q, among(recorded...))
			if gotMeta, err = q.meta(among(recorded...)); err != nil {
				t.Error(err)
			}
		}
		tried++
		if gotMeta != frame.Get("meta") {
			t.Errorf("%s: meta %s, recorded %s", raw, gotMeta, frame.Get("meta"))
		}
		switch _, listed := deviations[string(raw)]; {
		case got != want && !listed:
			t.Errorf("%s:\n%s, recorded\n%s", raw, got, frame)
		case got != want:
			differ[string(raw)] = true
		}
	}
	for _, g := range recording.Generations {
		for _, m := range g.Messages {
			try(m)
		}
	}
	for _, g := range recording.Core {
		for _, m := range g.Transcript {
			try(m)
		}
	}
	for raw, why := range deviations {
		if !differ[raw] {
			t.Errorf("%s is answered as recorded, although %s", raw, why)
		}
	}
	if tried < 150 {
		t.Errorf("only %d recorded queries were tried", tried)
	}
}

func TestBadQueries(t *testing.T) {
	deep := strings.Repeat(`{"_and":[`, 11) + `{}` + strings.Repeat(`]}`, 11)
	long := "[" + strings.Repeat("1,", 1000) + "1]"
	for _, raw := range []string{
		`{"filter":{"n":{"_bogus":1}}}`, `{"filter":{"n":{"_regex":"a"}}}`, `{"filter":{"n":{"_some":{"x":1}}}}`,
		`{"filter":{"n":{"_none":{}}}}`, `{"filter":{"year(n)":{"_eq":1}}}`, `{"filter":{"n":{"_eq":{"$gt":1}}}}`,
		`{"filter":{"n":{"_eq":[1]}}}`, `{"filter":{"n":{"$gt":1}}}`, `{"filter":{"$where":"1"}}`, `{"filter":{"a.$b":1}}`,
		`{"filter":{"n":{"_in":[{"a":1}]}}}`, `{"filter":{"n":{"_in":[[1]]}}}`, `{"filter":{"n":{"_in":{}}}}`,
		`{"filter":{"n":[1]}}`, `{"filter":{"_eq":1}}`, `{"filter":{"_and":{"n":1}}}`, `{"filter":{"_or":[1]}}`, `{"filter":[]}`,
		`{"filter":7}`, `{"filter":"{"}`, `{"filter":"7"}`, `{"filter":{"n":{"_null":"x"}}}`, `{"filter":{"n":{"_contains":null}}}`,
		`{"filter":{"n":{"_contains":[1]}}}`, `{"filter":{"":1}}`, `{"filter":{"a..b":1}}`, `{"filter":{"isValid":false}}`,
		`{"filter":{"_nw":1}}`, `{"filter":{"_id":1}}`, `{"filter":{"n":"$CURRENT_ROLE"}}`, `{"filter":{"n":"$NOW(soon)"}}`,
		`{"filter":{"n":"$NOW(-99999 years)"}}`, `{"filter":{"n":"$NOW(999999999 weeks)"}}`, `{"filter":` + deep + `}`,
		`{"filter":{"n":{"_in":` + long + `}}}`, `{"filter":{"_or":[` + strings.Repeat(`{"n":1},`, 1000) + `{"n":1}]}}`,
		`{"filter":{"_and":[` + strings.Repeat(`{},`, 1000) + `{}]}}`,
		`{"filter":{"_or":[` + strings.Repeat(`{"n":{"_lt":1,"_gt":2}},`, 500) + `{"n":1}]}}`,
		`{"filter":{"a.b.c.d.e.f.g.h.i.j.k":1}}`, `{"filter":{"n":{"_contains":"` + strings.Repeat("x", 5000) + `"}}}`,
		`{"limit":-2}`, `{"limit":-0.5}`, `{"limit":"many"}`, `{"limit":true}`, `{"limit":[1]}`, `{"offset":-1}`, `{"page":-1}`,
		`{"offset":{}}`, `{"sort":7}`, `{"sort":[{}]}`, `{"sort":"-"}`, `{"sort":"$n"}`, `{"sort":"isValid"}`, `{"fields":[1]}`,
		`{"fields":{}}`, `{"fields":"$thumb"}`, `{"fields":"count(x)"}`, `{"fields":["a\u0000"]}`, `{"sort":["a\u0000"]}`,
		`{"aggregate":{"median":"n"}}`, `{"aggregate":{"sum":"*"}}`, `{"aggregate":{"countDistinct":["*"]}}`, `{"aggregate":[]}`,
		`{"aggregate":{"sum":"$n"}}`, `{"aggregate":{"sum":7}}`, `{"group":"year(d)"}`, `{"group":7}`, `{"group":"isValid"}`,
		`{"alias":{"a":7}}`, `{"alias":{"a.b":"n"}}`, `{"alias":{"a":"n.x"}}`, `{"alias":[]}`, `{"alias":{"$a":"n"}}`,
		`{"search":true}`, `{"search":{}}`, `{"search":"` + strings.Repeat("x", 5000) + `"}`, `{"meta":7}`,
	} {
		_, err := parseQuery(decoded(t, raw), given, queryOptions{})
		var shown *storage.Error
		if !errors.Is(err, errBadQuery) || !errors.Is(err, storage.ErrInvalid) || !errors.As(err, &shown) || len(shown.Message) < 20 {
			t.Errorf("%.100s: %v", raw, err)
		}
		if f := faultOf(err); f.code != "INVALID_QUERY" {
			t.Errorf("%.100s: %s %s", raw, f.code, f.message)
		}
	}
}

// TestNotAnObject: a query that is none counts as absent, or is refused where the dialect says so.
func TestNotAnObject(t *testing.T) {
	for _, raw := range []string{"", "null", "7", `"x"`, "[1]", "true", "{}"} {
		if q := asked(t, counted, raw); q.text != "{}" || q.limit != 100 {
			t.Errorf("%s: %s", raw, q.text)
		}
		_, err := parseQuery(decoded(t, raw), counted, queryOptions{Strict: true})
		if strict := raw != "" && raw != "null" && raw != "{}"; errors.Is(err, errBadQuery) != strict {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// TestCanonicalText: queries that mean the same share one text, others do not.
func TestCanonicalText(t *testing.T) {
	for _, same := range [][]string{
		{`{}`, `{"fields":"*"}`, `{"fields":[]}`, `{"filter":{}}`, `{"filter":""}`, `{"search":""}`, `{"limit":100}`, `{"limit":"100"}`,
			`{"page":1}`, `{"page":0}`, `{"offset":0}`, `{"offset":0.5}`, `{"sort":[]}`, `{"aggregate":{}}`, `{"deep":{"x":1}}`, `{"filter":{"_or":[]}}`,
			`{"filter":{"_or":[{"n":1},{}]}}`, `{"filter":{"n":{"_between":[1]}}}`, `{"filter":{"n":{"_nin":[]}}}`, `{"limit":null}`, `{"filter":{"n":{}}}`,
			`{"fields":false,"filter":false,"sort":false,"limit":false,"offset":false,"page":false,"search":false,"aggregate":false,"group":false,"alias":false,"meta":false}`},
		{`{"filter":{"n":1}}`, `{"filter":{"n":{"_eq":1}}}`, `{"filter":"{\"n\":1}"}`, `{"filter":{"_and":[{"n":1},{"n":1}]}}`, `{"filter":{"_or":[{"n":1}]}}`},
		{`{"filter":{"n":{"_gt":1,"_lt":3}}}`, `{"filter":{"_and":[{"n":{"_lt":3}},{"n":{"_gt":1}}]}}`, `{"filter":{"n":{"_and":[{"_lt":3},{"_gt":1}]}}}`},
		{`{"filter":{"a":{"b":{"_eq":1}}}}`, `{"filter":{"a.b":1}}`},
		{`{"filter":{"n":{"_null":true}}}`, `{"filter":{"n":null}}`, `{"filter":{"n":"null"}}`, `{"filter":{"n":{"_nnull":"false"}}}`},
		{`{"filter":{"n":{"_in":"a, b"}}}`, `{"filter":{"n":{"_in":["b","a","a"]}}}`},
		{`{"fields":"id, n"}`, `{"fields":["id","n"]}`, `{"fields":["id,n"]}`},
		{`{"sort":"-n, a"}`, `{"sort":["-n","+a"]}`}, {`{"sort":"n"}`},
		{`{"page":3,"limit":5,"offset":7}`, `{"offset":10,"limit":5.9}`}, {`{"offset":10,"limit":"5"}`},
		{`{"limit":-1}`, `{"limit":"-1","page":4}`}, {`{"limit":0}`}, {`{"search":"x"}`}, {`{"search":7}`, `{"search":"7"}`},
		{`{"aggregate":{"count":"*"},"group":"a"}`, `{"aggregate":{"count":["*"]},"groupBy":["a"]}`}, {`{"aggregate":{"countAll":true}}`},
		{`{"meta":"*"}`, `{"meta":["filter_count","total_count"]}`}, {`{"alias":{"b":"n","a":"m"}}`, `{"alias":{"a":"m","b":"n"}}`},
		{`{"filter":{"user":"$CURRENT_USER"}}`, `{"filter":{"user":"ann"}}`},
		{`{"filter":{"d":{"_lt":"$NOW(-1 day)"}}}`, `{"filter":{"d":{"_lt":"2024-03-30T12:00:00.000Z"}}}`},
	} {
		texts := map[string]bool{}
		for _, raw := range same {
			texts[asked(t, counted, raw).text] = true
		}
		if len(texts) != 1 && !strings.Contains(same[0], `"offset":10`) && !strings.Contains(same[0], `"page":3`) {
			t.Errorf("%s: %v", same, texts)
		}
	}
	if a, b := asked(t, counted, `{"filter":{"n":1}}`).text, asked(t, counted, `{"filter":{"n":"1"}}`).text; a == b {
		t.Errorf("%s and %s", a, b)
	}
}

func TestPages(t *testing.T) {
	for raw, want := range map[string]string{
		`{"limit":0}`: `[]`, `{"limit":-1}`: `[1,2,3]`, `{"limit":1.9}`: `[1]`, `{"limit":"2"}`: `[1,2]`, `{"limit":2,"page":2}`: `[3]`,
		`{"limit":1,"page":2,"offset":2}`: `[2]`, `{"limit":-1,"page":2}`: `[1,2,3]`, `{"limit":-1,"page":2,"offset":1}`: `[2,3]`,
		`{"offset":2}`: `[3]`, `{"offset":"9"}`: `[]`, `{"limit":1e300}`: `[1,2,3]`, `{"limit":5,"page":1e300}`: `[]`, `{"offset":1e300}`: `[]`,
		`{"sort":"-id"}`: `[3,2,1]`, `{"sort":["status","-n"]}`: `[2,3,1]`, `{"sort":"-status"}`: `[1,3,2]`,
		`{"search":"T","limit":1,"offset":1}`: `[3]`, `{"search":"2"}`: `[2]`, `{"search":"H","limit":1,"page":3}`: `[3]`, `{"search":"zzz"}`: `[]`, `{"search":"e","limit":1}`: `[1]`, `{"search":"5"}`: `[]`,
	} {
		for _, c := range []storage.Collection{counted, unlisted} {
			q := asked(t, c, raw)
			docs, err := q.documents(among(recorded...))
			var ids []storage.Value
			for _, doc := range docs {
				ids = append(ids, keyOf(c, doc))
			}
			if got := string(array(ids)); got != want || err != nil {
				t.Errorf("%s of %s: %s, want %s", raw, c.Name, got, want)
			}
		}
	}
}

// TestSearchesWhatIsShown: what no row shows is not found either, columns or not.
func TestSearchesWhatIsShown(t *testing.T) {
	doc := storage.Document(`{"identifier":"1","subject":"ann","srvModified":5,"isValid":true,"n":7}`)
	for _, c := range []storage.Collection{unlisted, {Name: "test", IDs: storage.CountedIDs, Fields: []string{"subject", "srvModified", "n"}}} {
		for text, want := range map[string]bool{"ann": false, "5": false, "7": true, "1": true} {
			if asked(t, c, `{"search":"`+text+`"}`).matches(doc) != want {
				t.Errorf("%s in %s: %v", text, c.Name, !want)
			}
		}
	}
}

// TestSortsCountedKeysAsNumbers, and null comes first.
func TestSortsCountedKeysAsNumbers(t *testing.T) {
	docs := []storage.Document{`{"identifier":"10","id":10,"n":1}`, `{"identifier":"9","id":9,"n":2}`, `{"identifier":"2","id":2}`}
	for raw, want := range map[string]string{`{}`: `[2,9,10]`, `{"sort":"-id"}`: `[10,9,2]`, `{"sort":"n"}`: `[2,10,9]`, `{"sort":"-n"}`: `[9,10,2]`,
		`{"filter":{"id":{"_gt":"9"}}}`: `[10]`, `{"filter":{"id":{"_in":["9",10.0]}}}`: `[9,10]`, `{"filter":{"id":{"_neq":"2"}}}`: `[9,10]`,
		`{"filter":{"id":{"_between":[3,"9"]}}}`: `[9]`, `{"filter":{"id":{"_starts_with":"1"}}}`: `[10]`, `{"filter":{"id":{"_null":true}}}`: `[]`} {
		q := asked(t, counted, raw)
		var ids []storage.Value
		for doc, err := range among(docs...)(q.find) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, keyOf(counted, doc))
			bare := doc.Edit()
			bare.Delete("id")
			if !q.matches(bare.Document()) {
				t.Errorf("%s: %s does not match without its number", raw, doc)
			}
		}
		if got := string(array(ids)); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}

func TestMeta(t *testing.T) {
	for raw, want := range map[string]string{
		`{}`: "", `{"meta":["filter_count"],"filter":{"n":{"_gt":1}},"limit":1}`: `{"filter_count":2}`,
		`{"meta":"*","search":"t","limit":0}`: `{"total_count":3,"filter_count":2}`, `{"meta":["x"]}`: "",
	} {
		for _, c := range []storage.Collection{counted, unlisted} {
			// hidden_note would match too
			got, err := asked(t, c, strings.Replace(raw, `"t"`, `"TW"`, 1)).meta(among(recorded...))
			want := strings.Replace(want, `"filter_count":2}`, `"filter_count":`+map[bool]string{true: "1", false: "2"}[strings.Contains(raw, "search")]+`}`, 1)
			if string(got) != want || err != nil {
				t.Errorf("%s: %s %v, want %s", raw, got, err, want)
			}
		}
	}
}

// TestSearchFails: what goes wrong below is not taken for an end.
func TestSearchFails(t *testing.T) {
	broken := func(storage.Query) iter.Seq2[storage.Document, error] {
		return func(yield func(storage.Document, error) bool) {
			if yield(recorded[0], nil) {
				yield("", storage.ErrSlow)
			}
		}
	}
	for _, raw := range []string{`{}`, `{"aggregate":{"count":"*"}}`, `{"search":"o"}`} {
		if _, err := asked(t, unlisted, raw).rows(broken); !errors.Is(err, storage.ErrSlow) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if _, err := asked(t, unlisted, `{"meta":"*"}`).meta(broken); !errors.Is(err, storage.ErrSlow) {
		t.Error(err)
	}
}
