package directus

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"nightwire/storage"
)

func TestAggregates(t *testing.T) {
	docs := []storage.Document{
		`{"identifier":"1","id":1,"s":"a","n":1,"o":{"x":5}}`, `{"identifier":"2","id":2,"s":"b","n":2.5,"o":{"x":5.0}}`,
		`{"identifier":"3","id":3,"s":"a","n":"text"}`, `{"identifier":"4","id":4,"s":null,"n":1.0}`, `{"identifier":"10","id":10,"n":null,"o":[{"x":1}]}`,
	}
	for raw, want := range map[string]string{
		`{"aggregate":{"count":"*"}}`: `[{"count":5}]`, `{"aggregate":{"countAll":true}}`: `[{"countAll":5}]`,
		`{"aggregate":{"count":["n","s"]}}`:                                        `[{"count":{"n":4,"s":3}}]`,
		`{"aggregate":{"count":["*","n"]}}`:                                        `[{"count":{"*":5,"n":4}}]`,
		`{"aggregate":{"sum":"n","avg":"n"}}`:                                      `[{"sum":{"n":4.5},"avg":{"n":1.5}}]`,
		`{"aggregate":{"sumDistinct":["n"],"avgDistinct":["n"]}}`:                  `[{"sumDistinct":{"n":3.5},"avgDistinct":{"n":1.75}}]`,
		`{"aggregate":{"countDistinct":["s","n","o.x"]}}`:                          `[{"countDistinct":{"s":2,"n":3,"o.x":1}}]`,
		`{"aggregate":{"min":["n","id","o"],"max":["n","id","s"]}}`:                `[{"min":{"n":1,"id":1,"o":null},"max":{"n":"text","id":10,"s":"b"}}]`,
		`{"aggregate":{"sum":"nope","avg":"nope","min":"nope"}}`:                   `[{"sum":{"nope":null},"avg":{"nope":null},"min":{"nope":null}}]`,
		`{"aggregate":{"count":"*"},"filter":{"s":"zz"}}`:                          `[{"count":0}]`,
		`{"aggregate":{"count":"*"},"search":"A"}`:                                 `[{"count":2}]`,
		`{"aggregate":{"count":"*"},"group":"s"}`:                                  `[{"s":null,"count":2},{"s":"a","count":2},{"s":"b","count":1}]`,
		`{"aggregate":{"count":"*"},"groupBy":["s"],"sort":"-s","limit":1}`:        `[{"s":"b","count":1}]`,
		`{"aggregate":{"count":"*"},"group":"s","sort":"-count,s","offset":1}`:     `[{"s":"a","count":2},{"s":"b","count":1}]`,
		`{"aggregate":{"sum":"n"},"group":"s","sort":"-sum.n","limit":2,"page":1}`: `[{"s":"b","sum":{"n":2.5}},{"s":null,"sum":{"n":1}}]`,
		`{"aggregate":{"sum":"n"},"group":["n","o.x"],"limit":2}`:                  `[{"n":null,"o.x":null,"sum":{"n":null}},{"n":1,"o.x":null,"sum":{"n":1}}]`,
		`{"group":"s","limit":-1}`:                                                 `[{"s":null},{"s":"a"},{"s":"b"}]`,
		`{"group":"id","limit":2,"sort":"-id"}`:                                    `[{"id":10},{"id":4}]`,
		`{"aggregate":{"count":"*"},"group":"s","filter":{"s":"zz"}}`:              `[]`,
		`{"aggregate":{"count":"*"},"limit":0}`:                                    `[]`, `{"aggregate":{"count":"*"},"offset":1}`: `[]`, `{"aggregate":"{\"count\":\"*\"}"}`: `[{"count":5}]`,
		`{"group":"s","aggregate":{"count":"id"},"sort":"nope"}`: `[{"s":null,"count":{"id":2}},{"s":"a","count":{"id":2}},{"s":"b","count":{"id":1}}]`,
	} {
		q := asked(t, unlisted, raw)
		if got := rowsText(t, q, among(docs...)); got != want {
			t.Errorf("%s:\n%s, want\n%s", raw, got, want)
		}
		again := asked(t, unlisted, q.text)
		if again.text != q.text || rowsText(t, again, among(docs...)) != want {
			t.Errorf("%s is not %s", again.text, q.text)
		}
	}
}

// TestSums: sums of integers are exact beyond a double; of others they are as good as doubles are.
func TestSums(t *testing.T) {
	for want, values := range map[string][]storage.Value{
		"9007199254740995": {"9007199254740993", "2"}, "-1": {"9223372036854775807", "-9223372036854775808"}, "9223372036854775807": {"9223372036854775806", "1"},
		"18446744073709552000": {"9223372036854775807", "9223372036854775807"}, "0": {"5", "-5"}, "null": {"1e308", "1e308"}, "1e+21": {"1e21"}, "0.3": {"0.1", "0.2", "0"},
	} {
		var docs []storage.Document
		for i, v := range values {
			docs = append(docs, storage.Document(fmt.Sprintf(`{"identifier":"%d","n":%s}`, i, v)))
		}
		got := rowsText(t, asked(t, given, `{"aggregate":{"sum":"n"}}`), among(docs...))
		if got = strings.Replace(got, "0.30000000000000004", "0.3", 1); got != `[{"sum":{"n":`+want+`}}]` {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
}

// TestTooMuch: what would not fit into memory is refused.
func TestTooMuch(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	search := func(storage.Query) iter.Seq2[storage.Document, error] {
		return func(yield func(storage.Document, error) bool) {
			for i := 0; yield(storage.Document(fmt.Sprintf(`{"identifier":"%d","s":"%d%s"}`, i, i, large)), nil); i++ {
			}
		}
	}
	for _, raw := range []string{`{"limit":-1}`, `{"group":"s"}`, `{"aggregate":{"countDistinct":"s"}}`} {
		if _, err := asked(t, given, raw).rows(search); !errors.Is(err, errBadQuery) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if _, err := asked(t, given, `{"limit":-1}`).documents(search); !errors.Is(err, errBadQuery) {
		t.Error(err)
	}
}
