package storagetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nightwire/storage"
)

// zoo is one document of each sort, by identifier.
var zoo = map[string]string{
	"none":    ``,
	"null":    `"v":null`,
	"int":     `"v":5`,
	"float":   `"v":5.0`,
	"half":    `"v":5.5`,
	"neg":     `"v":-1`,
	"big":     `"v":9007199254740993`,
	"big2":    `"v":9007199254740992`,
	"str":     `"v":"5"`,
	"abc":     `"v":"abc"`,
	"abd":     `"v":"abd"`,
	"esc":     `"v":"a\"b\nc"`,
	"empty":   `"v":""`,
	"true":    `"v":true`,
	"false":   `"v":false`,
	"arr":     `"v":[1,5,"abc"]`,
	"arr0":    `"v":[]`,
	"arrnull": `"v":[null]`,
	"nest":    `"v":[[1,5]]`,
	"obj":     `"v":{"a":5}`,
	"obj2":    `"v":{"a":{"b":7},"c":1}`,
	"objs":    `"v":[{"a":1},{"a":5,"b":2},{"b":9}]`,
	"objarr":  `"v":{"a":[4,6]}`,
	"objnull": `"v":{"a":null}`,
}

// missing tells whether the limits leave out a document of the zoo.
func (l Limits) missing(identifier string) bool { return l.NoNestedArrays && identifier == "nest" }

func cond(path string, op storage.Op, v storage.Value) storage.Filter {
	return storage.Filter{Op: op, Path: path, Value: v}
}

func list(path string, op storage.Op, vs ...storage.Value) storage.Filter {
	return storage.Filter{Op: op, Path: path, List: vs}
}

func pattern(path, re string) storage.Filter {
	return storage.Filter{Op: storage.Regexp, Path: path, Pattern: regexp.MustCompile(re)}
}

// operatorCases are filters and the documents of the zoo that MongoDB finds by them.
var operatorCases = []struct {
	what   string
	filter storage.Filter
	want   string // identifiers; with ! all but these
}{
	{"everything", storage.Filter{}, "!"},
	{"eq number", cond("v", storage.Eq, "5"), "int float arr"},
	{"eq number in another form", cond("v", storage.Eq, "5e0"), "int float arr"},
	{"eq beyond double precision", cond("v", storage.Eq, "9007199254740993"), "big"},
	{"eq string", cond("v", storage.Eq, `"abc"`), "abc arr"},
	{"eq string is no number", cond("v", storage.Eq, `"5"`), "str"},
	{"eq escaped", cond("v", storage.Eq, `"a\"b\nc"`), "esc"},
	{"eq null", cond("v", storage.Eq, "null"), "none null arrnull"},
	{"eq true", cond("v", storage.Eq, "true"), "true"},
	{"eq array", cond("v", storage.Eq, `[1,5,"abc"]`), "arr"},
	{"eq array inside", cond("v", storage.Eq, `[1,5]`), "nest"},
	{"eq empty array", cond("v", storage.Eq, `[]`), "arr0"},
	{"eq object", cond("v", storage.Eq, `{"a":5}`), "obj"},
	{"eq object inside", cond("v", storage.Eq, `{"a":1}`), "objs"},
	{"eq object order", cond("v", storage.Eq, `{"c":1,"a":{"b":7}}`), ""},
	{"ne", cond("v", storage.Ne, "5"), "!int float arr"},
	{"ne null", cond("v", storage.Ne, "null"), "!none null arrnull"},
	{"gt", cond("v", storage.Gt, "5"), "half big big2"},
	{"gte", cond("v", storage.Gte, "5"), "int float half big big2 arr"},
	{"gt beyond double precision", cond("v", storage.Gt, "9007199254740992"), "big"},
	{"lt", cond("v", storage.Lt, "5"), "neg arr"},
	{"lte", cond("v", storage.Lte, "5"), "int float neg arr"},
	{"gt string", cond("v", storage.Gt, `"abc"`), "abd"},
	{"gte string", cond("v", storage.Gte, `"abc"`), "abc abd arr"},
	{"lt string", cond("v", storage.Lt, `"abc"`), "str esc empty"},
	{"gt null", cond("v", storage.Gt, "null"), ""},
	{"gte null", cond("v", storage.Gte, "null"), "none null arrnull"},
	{"lte null", cond("v", storage.Lte, "null"), "none null arrnull"},
	{"gt false", cond("v", storage.Gt, "false"), "true"},
	{"lte true", cond("v", storage.Lte, "true"), "true false"},
	{"in", list("v", storage.In, "5", `"abd"`), "int float abd arr"},
	{"in null", list("v", storage.In, "null", "true"), "none null arrnull true"},
	{"in nothing", list("v", storage.In), ""},
	{"nin", list("v", storage.Nin, "5", `"abd"`), "!int float abd arr"},
	{"nin nothing", list("v", storage.Nin), "!"},
	{"regexp", pattern("v", "b"), "abc abd esc arr"},
	{"regexp anchored", pattern("v", "^ab.$"), "abc abd arr"},
	{"regexp not on numbers", pattern("v", "5"), "str"},
	{"not regexp", storage.Filter{Op: storage.NotRegexp, Path: "v", Pattern: regexp.MustCompile("b")}, "!abc abd esc arr"},
	{"exists", cond("v", storage.Exists, "true"), "!none"},
	{"exists not", cond("v", storage.Exists, "false"), "none"},
	{"path", cond("v.a", storage.Eq, "5"), "obj objs"},
	{"path deeper", cond("v.a.b", storage.Eq, "7"), "obj2"},
	{"path to an array", cond("v.a", storage.Gt, "5"), "objarr"},
	{"path and index", cond("v.1", storage.Eq, "5"), "arr"},
	{"path through an index", cond("v.1.a", storage.Eq, "5"), "objs"},
	{"path through an index, other element", cond("v.0.a", storage.Eq, "5"), ""},
	{"path to an index in an index", cond("v.0.1", storage.Eq, "5"), "nest"},
	{"path null", cond("v.a", storage.Eq, "null"), "none null int float half neg big big2 str abc abd esc empty true false objs objnull"},
	{"path exists", cond("v.a", storage.Exists, "true"), "obj obj2 objs objarr objnull"},
	{"path exists not", cond("v.a", storage.Exists, "false"), "!obj obj2 objs objarr objnull"},
	{"path ne", cond("v.a", storage.Ne, "5"), "!obj objs"},
	{"and", storage.Filter{All: []storage.Filter{cond("v", storage.Gt, "0"), cond("v", storage.Lt, "5.2")}}, "int float arr"},
	{"and over two elements", storage.Filter{All: []storage.Filter{cond("v", storage.Eq, "1"), cond("v", storage.Eq, `"abc"`)}}, "arr"},
	{"or", storage.Filter{Op: storage.Or, All: []storage.Filter{cond("v", storage.Eq, `"abd"`), cond("v", storage.Eq, "true")}}, "abd true"},
	{"or of nothing", storage.Filter{Op: storage.Or}, ""},
	{"and in or", storage.Filter{Op: storage.Or, All: []storage.Filter{
		{All: []storage.Filter{cond("v", storage.Gt, "5"), cond("v", storage.Lt, "6")}}, cond("v", storage.Eq, "-1")}}, "half neg"},
}

// testOperators runs the cases on a field that no engine has an index for, and then on those that engines are likely to
// have one for, whose values are of any type here.
func (l Limits) testOperators(t *testing.T, e storage.Engine) {
	for _, field := range []string{"v", "date", "created_at", "eventType"} {
		var group []storage.Write
		for id, fields := range zoo {
			if l.missing(id) {
				continue
			}
			group = append(group, put("zoo_"+strings.ToLower(field), id, strings.Replace(fields, `"v":`, `"`+field+`":`, 1)))
		}
		fill(t, e, group...)
		for _, c := range operatorCases {
			filter := renamed(c.filter, field)
			got := identifiers(find(t, e, "zoo_"+strings.ToLower(field), storage.Query{Filter: filter}))
			slices.Sort(got)
			if want := l.wanted(c.want); !slices.Equal(got, want) {
				t.Errorf("%s on %s: found %v, want %v", c.what, field, got, want)
			}
		}
	}
}

func (l Limits) wanted(text string) []string {
	names, but := strings.CutPrefix(text, "!")
	listed := strings.Fields(names)
	if but {
		var rest []string
		for id := range zoo {
			if !slices.Contains(listed, id) {
				rest = append(rest, id)
			}
		}
		listed = rest
	}
	listed = slices.DeleteFunc(listed, l.missing)
	slices.Sort(listed)
	return listed
}

// renamed is a filter of the zoo for another field than v.
func renamed(f storage.Filter, field string) storage.Filter {
	if f.Path != "" {
		f.Path = field + f.Path[1:]
	}
	children := f.All
	f.All = nil
	for _, c := range children {
		f.All = append(f.All, renamed(c, field))
	}
	return f
}

// sortedZoo is the zoo ascending by v; | divides what is equal.
const sortedZoo = `arr0|none null arrnull|neg|arr|int float|half|big2|big|empty|str|esc|abc|abd|objnull|objs|obj|obj2|objarr|nest|false|true`

// testSortTypes: values of different types come in MongoDB's order, arrays by their least element and, when descending,
// by their greatest.
func (l Limits) testSortTypes(t *testing.T, e storage.Engine) {
	for _, field := range []string{"v", "date", "created_at"} {
		for id, fields := range zoo {
			if l.missing(id) {
				continue
			}
			apply(t, e, put("sort_"+field, id, strings.Replace(fields, `"v":`, `"`+field+`":`, 1)))
		}
		got := identifiers(find(t, e, "sort_"+field, storage.Query{Sort: []storage.SortKey{{Path: field}, {Path: "identifier"}}}))
		var want []string
		for equal := range strings.SplitSeq(sortedZoo, "|") {
			ids := slices.DeleteFunc(strings.Fields(equal), l.missing)
			slices.Sort(ids)
			want = append(want, ids...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("ascending by %s:\n got %v\nwant %v", field, got, want)
		}
		down := identifiers(find(t, e, "sort_"+field, storage.Query{Sort: []storage.SortKey{{Path: field, Desc: true}}, Limit: 6}))
		want = slices.DeleteFunc([]string{"true", "false", "nest", "objarr", "obj2", "objs", "obj"}, l.missing)[:6]
		if !slices.Equal(down, want) {
			t.Errorf("descending by %s: %v, want %v", field, down, want)
		}
	}
}

// testSortTies: later keys break ties, in their own direction.
func testSortTies(t *testing.T, e storage.Engine) {
	var group []storage.Write
	for i := range 60 {
		group = append(group, put("entries", fmt.Sprintf("%02d", i), fmt.Sprintf(`"date":%d,"x":%d`, i/20, i%4)))
	}
	fill(t, e, group...)
	q := storage.Query{Sort: []storage.SortKey{{Path: "date", Desc: true}, {Path: "x"}, {Path: "identifier", Desc: true}}}
	all := find(t, e, "entries", q)
	for i := 1; i < len(all); i++ {
		if q.Compare(all[i-1], all[i]) >= 0 {
			t.Fatalf("%s before %s", all[i-1], all[i])
		}
	}
	if got := identifiers(all[:7]); !slices.Equal(got, []string{"56", "52", "48", "44", "40", "57", "53"}) {
		t.Errorf("first %v", got)
	}
}

// testSkipLimit: every page of every size is the same stretch of the whole.
func testSkipLimit(t *testing.T, e storage.Engine) {
	var group []storage.Write
	for i := range 30 {
		group = append(group, put("entries", fmt.Sprintf("%02d", i), fmt.Sprintf(`"date":%d,"x":%d`, i/3, 29-i)))
	}
	fill(t, e, group...)
	for _, sort := range [][]storage.SortKey{
		{{Path: "identifier"}}, {{Path: "date", Desc: true}, {Path: "identifier"}}, {{Path: "x"}}, {{Path: "srvModified"}},
	} {
		q := storage.Query{Sort: sort, Filter: cond("date", storage.Gte, "1")}
		all := identifiers(find(t, e, "entries", q))
		for _, q.Skip = range []int{0, 1, 5, 26, 27, 40} {
			for _, q.Limit = range []int{0, 1, 2, 7, 30} {
				want := all[min(q.Skip, len(all)):]
				if q.Limit > 0 {
					want = want[:min(q.Limit, len(want))]
				}
				if got := identifiers(find(t, e, "entries", q)); !slices.Equal(got, want) {
					t.Errorf("sort %v skip %d limit %d: %v, want %v", sort, q.Skip, q.Limit, got, want)
				}
			}
		}
	}
}
