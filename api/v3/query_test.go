package v3

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"nightwire/storage"
)

func TestParseFilters(t *testing.T) {
	for raw, want := range map[string]storage.Filter{
		"sgv=5":                                  {Op: storage.Eq, Path: "sgv", Value: "5"},
		"sgv$gte=1e2":                            {Op: storage.Gte, Path: "sgv", Value: "100"},
		"sgv$gt1=5":                              {Op: storage.Gt, Path: "sgv", Value: "5"},
		"date$=1":                                {Op: storage.Eq, Path: "date$", Value: "1"},
		"sgv=9007199254740993":                   {Op: storage.Eq, Path: "sgv", Value: "9007199254740993"},
		"sgv='5'":                                {Op: storage.Eq, Path: "sgv", Value: `"5"`},
		"sgv=true":                               {Op: storage.Eq, Path: "sgv", Value: "true"},
		"sgv=null":                               {Op: storage.Eq, Path: "sgv", Value: `"null"`},
		"sgv=":                                   {Op: storage.Eq, Path: "sgv", Value: `""`},
		"sgv=Infinity":                           {Op: storage.Eq, Path: "sgv", Value: `"Infinity"`},
		"a.b$ne=x+y%26":                          {Op: storage.Ne, Path: "a.b", Value: `"x y&"`},
		"tags=a&tags=b":                          {Op: storage.Eq, Path: "tags", Value: `["a","b"]`},
		"a[b]=1":                                 {Op: storage.Eq, Path: "a", Value: `{"b":"1"}`},
		"date$gt=2023-05-01":                     {Op: storage.Gt, Path: "date", Value: "1682899200000"},
		"date=garbage":                           {Op: storage.Eq, Path: "date", Value: `"garbage"`},
		"created_at$lt=2023-05-01T02:00%2B02:00": {Op: storage.Lt, Path: "created_at", Value: `"2023-05-01T00:00:00.000Z"`},
		"a.b$exists=true":                        {Op: storage.Exists, Path: "a.b", Value: "true"},
		"a$exists=false":                         {Op: storage.Exists, Path: "a", Value: "false"},
		"a$null=true":                            {Op: storage.Eq, Path: "a", Value: "null"},
		"a$null=false":                           {Op: storage.Ne, Path: "a", Value: "null"},
		"sgv$in=1|x":                             {Op: storage.In, Path: "sgv", List: []storage.Value{`"1"`, "1", `"x"`}},
	} {
		q, err := parseQuery(parseParameters(raw), 1000)
		if err != nil || len(q.Filter.All) != 1 || !reflect.DeepEqual(q.Filter.All[0], want) {
			t.Errorf("%s: %+v, %v; want %+v", raw, q.Filter.All, err, want)
		}
	}
}

func TestTwoConditionsOnOneFieldBothCount(t *testing.T) {
	q, err := parseQuery(parseParameters("date$gte=1680000000000&date$lt=1680000000001"), 1000)
	if err != nil || len(q.Filter.All) != 2 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestFirstComplaint(t *testing.T) {
	for raw, want := range map[string]string{
		"sgv$foo=1&limit=0":                "Unsupported filter operator foo",
		"sgv$EQ=1":                         "Unsupported filter operator EQ",
		"sort=a&sort$desc=b&limit=0":       "Parameters sort and sort_desc cannot be combined",
		"limit=0&skip=x":                   "Parameter limit out of tolerance",
		"limit=1001":                       "Parameter limit out of tolerance",
		"limit=abc":                        "Parameter limit out of tolerance",
		"limit=1&limit=2":                  "Parameter limit out of tolerance",
		"limit=1&skip=-1":                  "Parameter skip out of tolerance",
		"a$exists=1":                       "Filter operator exists needs true or false",
		"a$null=":                          "Filter operator null needs true or false",
		"a$null=true&a$null=true":          "Filter operator null needs true or false",
		"a$re=(":                           "Bad regular expression",
		"a$re=" + strings.Repeat("a", 300): "Regular expression is longer than 256 bytes",
	} {
		_, err := parseQuery(parseParameters(raw), 1000)
		var shown *storage.Error
		if !errors.As(err, &shown) || shown.Message != want {
			t.Errorf("%s: %v, want %s", raw, err, want)
		}
	}
}

func TestLimitAndSkip(t *testing.T) {
	for raw, want := range map[string][2]int{
		"": {1000, 0}, "limit=": {1000, 0}, "limit=500": {500, 0}, "limit=1.5": {1, 0}, "limit=1e2": {1, 0}, "limit=0x10": {1000, 0},
		"limit=%201": {1, 0}, "skip=3": {1000, 3}, "skip=1e0": {1000, 1},
	} {
		q, err := parseQuery(parseParameters(raw), 1000)
		if err != nil || [2]int{q.Limit, q.Skip} != want {
			t.Errorf("%s: %d %d, %v", raw, q.Limit, q.Skip, err)
		}
	}
}

// No query string crashes the parser, and every error is a complaint to the client.
func FuzzQuery(f *testing.F) {
	for _, raw := range []string{"a$gt=1&b[c]=2&sort=a&limit=5&skip=1&fields=a,b", "%zz=%", "[]=[", "a$re=(", "date$in=1|2"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		params := parseParameters(raw)
		fieldNames(params)
		if _, err := parseQuery(params, 1000); err != nil && !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}
