package directus

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nightwire/storage"
)

// zoo are documents by name: each holds another value in v.
var zoo = map[string]storage.Value{
	"none": "", "null": "null", "one": "1", "oneText": `"1"`, "two": "2.0", "ten": "10", "empty": `""`, "abc": `"abc"`, "ABC": `"ABC"`, "aXb": `"a%b"`,
	"abcd": `"abcd\nabc"`, "yes": "true", "no": "false", "yesText": `"true"`, "list": `[1,"abc"]`, "time": `"2024-03-30T12:00:00.000Z"`, "ms": "1711800000000",
	"ann": `"ann"`,
}

func zooDocuments() (docs []storage.Document) {
	for name, v := range zoo {
		fields := []storage.Field{{Name: "identifier", Value: storage.StringValue(name)}}
		if v != "" {
			fields = append(fields, storage.Field{Name: "v", Value: v}, storage.Field{Name: "o", Value: object(storage.Field{Name: "v", Value: v})})
		}
		docs = append(docs, storage.Document(object(fields...)))
	}
	return docs
}

// TestOperators: what each operator finds in the zoo. With ! all but these; null and what is missing meet no negation.
func TestOperators(t *testing.T) {
	for filter, want := range map[string]string{
		`1`: "one oneText list", `"1"`: "one oneText list", `{"_eq":"1.0"}`: "one list", `null`: "none null", `true`: "yes", `"true"`: "yes yesText",
		`{"_eq":"abc"}`: "abc list", `{"_eq":"$CURRENT_USER"}`: "ann", `"$NOW(-1 day)"`: "time ms", `"2024-03-30T13:00:00+01:00"`: "ms",
		`{"_neq":1}`: "!none null one oneText list", `{"_neq":"1"}`: "!none null one oneText list", `{"_neq":null}`: "!none null", `{"_neq":"null"}`: "!none null",
		`{"_lt":2}`: "one list", `{"_lte":"2"}`: "one oneText two list empty", `{"_gt":2}`: "ten ms", `{"_gte":2}`: "two ten ms", `{"_lt":null}`: "",
		`{"_gt":"abc"}`: "abcd yesText ann", `{"_gte":"abc"}`: "abc abcd yesText ann list", `{"_gte":"$NOW(-1 day)"}`: "time ms abc abcd yesText ann list aXb ABC",
		`{"_lt":"$NOW(-23 hours)"}`: "time ms one oneText two ten empty list", `{"_gt":false}`: "yes",
		`{"_in":[1,"abc"]}`: "one oneText abc list", `{"_in":"1, abc"}`: "one oneText abc list", `{"_in":[]}`: "", `{"_in":[null]}`: "none null", `{"_in":7}`: "",
		`{"_nin":[1,"abc"]}`: "!none null one oneText abc list", `{"_nin":[]}`: "!", `{"_nin":[null]}`: "!none null",
		`{"_null":true}`: "none null", `{"_null":false}`: "!none null", `{"_nnull":true}`: "!none null", `{"_nnull":"false"}`: "none null", `{"_null":0}`: "!none null",
		`{"_empty":true}`: "none null empty", `{"_empty":false}`: "!none null empty", `{"_nempty":true}`: "!none null empty", `{"_nempty":false}`: "none null empty",
		`{"_contains":"bc"}`: "abc abcd list", `{"_contains":"a%b"}`: "aXb", `{"_contains":"a_b"}`: "", `{"_contains":1}`: "oneText time", `{"_contains":".*"}`: "",
		`{"_ncontains":"bc"}`: "!none null abc abcd list", `{"_icontains":"BC"}`: "abc ABC abcd list", `{"_nicontains":"BC"}`: "!none null abc ABC abcd list",
		`{"_starts_with":"ab"}`: "abc abcd list", `{"_nstarts_with":"ab"}`: "!none null abc abcd list", `{"_istarts_with":"AB"}`: "abc ABC abcd list",
		`{"_nistarts_with":"AB"}`: "!none null abc ABC abcd list", `{"_ends_with":"bc"}`: "abc abcd list", `{"_nends_with":"d"}`: "!none null",
		`{"_iends_with":"BC"}`: "abc ABC abcd list", `{"_niends_with":"BC"}`: "!none null abc ABC abcd list", `{"_starts_with":"abc\nabc"}`: "",
		`{"_ieq":"Abc"}`: "abc ABC list", `{"_nieq":"Abc"}`: "!none null abc ABC list", `{"_ieq":"1"}`: "one oneText list", `{"_nieq":1}`: "!none null one oneText list",
		`{"_between":[1,2]}`: "one two list", `{"_between":"1,2"}`: "one oneText two list", `{"_between":["2",10]}`: "two ten", `{"_between":[1]}`: "!", `{"_between":[1,null]}`: "",
		`{"_nbetween":[1,2]}`: "ten ms", `{"_nbetween":["b","c"]}`: "oneText empty abc ABC aXb abcd list time ann yesText", `{"_nbetween":[]}`: "!",
		`{"_gt":1,"_lt":10}`: "two", `{"_or":[{"_eq":2},{"_eq":10}]}`: "two ten", `{"_and":[]}`: "!", `{"_or":[]}`: "!", `{"_or":[{},{"_eq":1}]}`: "!", `{}`: "!",
		`{"_and":[{"_gt":1},{"_or":[{"_lt":3},{"_null":true}]}]}`: "two",
	} {
		for _, raw := range []string{`{"v":` + filter + `}`, `{"o":{"v":` + filter + `}}`, `{"o.v":` + filter + `}`} {
			q := asked(t, given, `{"limit":-1,"filter":`+raw+`}`)
			var got []string
			for doc := range among(zooDocuments()...)(q.find) {
				got = append(got, doc.Identifier())
			}
			names := strings.Fields(strings.TrimPrefix(want, "!"))
			var expected []string
			for name := range zoo {
				if slices.Contains(names, name) != strings.HasPrefix(want, "!") {
					expected = append(expected, name)
				}
			}
			slices.Sort(got)
			if slices.Sort(expected); !slices.Equal(got, expected) {
				t.Errorf("%s:\n%v, want\n%v", raw, got, expected)
			}
			if again := asked(t, given, q.text); again.text != q.text {
				t.Errorf("%s is %s", q.text, again.text)
			}
		}
	}
}

// TestIdentifiers: keys are texts in collections that do not count, whatever type the client writes.
func TestIdentifiers(t *testing.T) {
	docs := []storage.Document{`{"identifier":"7","id":"own"}`, `{"identifier":"a"}`}
	for filter, want := range map[string]string{`7`: "7", `"7"`: "7", `{"_in":[7,"a"]}`: "7a", `{"_neq":7}`: "a", `{"_gt":7}`: "a", `"own"`: "", `{"_nin":["a"]}`: "7",
		`{"_between":[6,8]}`: "7", `{"_ieq":"A"}`: "a", `{"_null":true}`: ""} {
		got := ""
		for doc := range among(docs...)(asked(t, given, `{"filter":{"id":`+filter+`}}`).find) {
			got += doc.Identifier()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
}

// TestKnownTypes: where documents have values of one type only the engine is asked for values of that type, in one condition
// that an index can answer.
func TestKnownTypes(t *testing.T) {
	number, text := storage.Value("1711886400000"), storage.Value(`"2024-03-31T12:00:00.000Z"`)
	treatments := storage.Nightscout()[5]
	for _, one := range []struct {
		c     storage.Collection
		path  string
		value storage.Value
	}{
		{storage.Nightscout()[1], "date", number}, {treatments, "srvModified", number}, {treatments, "created_at", text}, {counted, "srvCreated", number},
	} {
		for op, want := range map[string]storage.Op{"_eq": storage.Eq, "_gte": storage.Gte, "_lt": storage.Lt} {
			f := asked(t, one.c, `{"filter":{"`+one.path+`":{"`+op+`":"$NOW"}}}`).find.Filter
			if f.Op != want || f.Path != one.path || f.Value != one.value {
				t.Errorf("%s of %s: %+v", op, one.path, f)
			}
		}
	}
	if f := asked(t, counted, `{"filter":{"date":"$NOW"}}`).find.Filter; f.Op != storage.In || len(f.List) != 2 {
		t.Errorf("%+v", f)
	}
}

func TestFiltered(t *testing.T) {
	for raw, want := range map[string]bool{`{}`: false, `{"filter":{"_or":[{}]}}`: false, `{"filter":{"n":{"_between":[1]}}}`: false, `{"search":"x"}`: false,
		`{"filter":{"n":1}}`: true, `{"filter":{"n":{"_in":[]}}}`: true} {
		if asked(t, given, raw).filtered() != want {
			t.Errorf("%s: %v", raw, !want)
		}
	}
}

func TestAdjusted(t *testing.T) {
	for by, want := range map[string]string{
		"": "2024-03-31T12:00:00.000Z", "(-1 day)": "2024-03-30T12:00:00.000Z", "(+2 hours)": "2024-03-31T14:00:00.000Z", "(1w)": "2024-04-07T12:00:00.000Z",
		"(-1 month)": "2024-02-29T12:00:00.000Z", "(1 mo)": "2024-04-30T12:00:00.000Z", "(-1 year)": "2023-03-31T12:00:00.000Z", "(-90 mins)": "2024-03-31T10:30:00.000Z",
		"(0.5 h)": "2024-03-31T12:30:00.000Z", "(-250ms)": "2024-03-31T11:59:59.750Z", "( - 3 )": "2024-03-28T12:00:00.000Z", "(30 SECONDS)": "2024-03-31T12:00:30.000Z",
		"(1 fortnight)": "", "()": "", "(day)": "", "-1 day": "", "(1 day": "", "(-3000 years)": "", "(9e9 days)": "", "(999999999 y)": "", "(1.5.5 days)": "",
	} {
		got := ""
		if at, ok := adjusted(someTime, by); ok {
			got = storage.ISODate(at.UnixMilli())
		}
		if got != want {
			t.Errorf("%s: %s, want %s", by, got, want)
		}
	}
	if q, err := parseQuery(`{"filter":{"d":{"_lt":"$NOW"}}}`, given, queryOptions{}); err != nil || !strings.Contains(q.text, time.Now().UTC().Format("2006")) {
		t.Errorf("%v", err)
	}
}
