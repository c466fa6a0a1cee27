package v3

import (
	"errors"
	"strings"
	"testing"
)

// served names the collections entries and Things.
func served(segment string) (collection string, ok bool) {
	for _, name := range []string{"entries", "Things"} {
		if strings.EqualFold(segment, name) {
			return name, true
		}
	}
	return "", false
}

func TestParseRoute(t *testing.T) {
	for _, c := range []struct {
		method, path                             string
		collection, identifier, extension, since string
		unknown                                  bool
		err                                      error
	}{
		{"GET", "/api/v3/version", "", "", "", "", false, nil},
		{"GET", "/api/v3/VERSION.json/", "", "", "json", "", false, nil},
		{"HEAD", "/api/v3/status", "", "", "", "", false, nil},
		{"POST", "/api/v3/version", "", "", "", "", false, errNoRoute},
		{"OPTIONS", "/api/v3/version", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3/", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3/activity", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3/ENTRIES/", "entries", "", "", "", false, nil},
		{"GET", "/api/v3/things", "Things", "", "", "", false, nil},
		{"PUT", "/api/v3/tHINGS/1", "Things", "1", "", "", false, nil},
		{"GET", "/api/v3/entries.csv", "entries", "", "csv", "", false, nil},
		{"GET", "/api/v3/entries.foo", "", "", "", "", false, errFormat},
		{"GET", "/api/v3/entries.html", "entries", "", "html", "", false, nil},
		{"PUT", "/api/v3/entries", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3/entries/a%2Fb", "entries", "a/b", "", "", false, nil},
		{"GET", "/api/v3/entries/a%252Fb", "entries", "a%2Fb", "", "", false, nil},
		{"GET", "/api/v3/entries/a.json", "entries", "a", "json", "", false, nil},
		{"GET", "/api/v3/entries/a.b.json", "entries", "a.b", "json", "", false, nil},
		{"GET", "/api/v3/entries/a%2Ejson", "entries", "a.json", "", "", false, nil},
		{"DELETE", "/api/v3/entries/a.json", "entries", "a.json", "", "", true, nil},
		{"GET", "/api/v3/entries/a.b", "entries", "a.b", "", "", true, nil},
		{"GET", "/api/v3/entries/a.", "entries", "a.", "", "", false, nil},
		{"POST", "/api/v3/entries/a", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3/entries/History", "entries", "", "", "", false, nil},
		{"GET", "/api/v3/entries/history/1680000000000", "entries", "", "", "1680000000000", false, nil},
		{"GET", "/api/v3/entries/history/2023-05-01T00:00:00.000Z", "entries", "", "", "2023-05-01T00:00:00.000Z", true, nil},
		{"GET", "/api/v3/entries/history/1680000000000.csv", "entries", "", "csv", "1680000000000", false, nil},
		{"GET", "/api/v3/entries/history/1680000000000.ttf", "entries", "", "", "1680000000000.ttf", true, nil},
		{"GET", "/api/v3/entries/a/b", "", "", "", "", false, errNoRoute},
		{"GET", "/api/v3/entries/history/1/2", "", "", "", "", false, errNoRoute},
		{"PATCH", "/api/v3/entries/%C3%A4", "entries", "ä", "", "", false, nil},
	} {
		rt, err := parseRoute(c.method, c.path, served)
		if !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
			t.Errorf("%s %s: error %v, want %v", c.method, c.path, err, c.err)
			continue
		}
		if rt.collection != c.collection || rt.identifier != c.identifier || rt.extension != c.extension || rt.unknown != c.unknown || rt.since != c.since {
			t.Errorf("%s %s: %+v", c.method, c.path, rt)
		}
	}
}

// What location writes, parseRoute reads.
func FuzzLocation(f *testing.F) {
	for _, id := range []string{"a", "a.json", "..", "a/b", "ä", "%41", "history2", "a b", "?#"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" || len(id) > 1000 || id == "history" {
			return
		}
		r := &request{API: &API{}, route: route{collection: "entries"}}
		rt, err := parseRoute("PUT", r.location(id), served)
		if err != nil || rt.identifier != id || rt.extension != "" || rt.unknown {
			t.Errorf("%q by %s: %+v, %v", id, r.location(id), rt, err)
		}
	})
}

// A collection that is called test is served in the place of the operation.
func TestCollectionNamedTest(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	all := func(segment string) (string, bool) { return segment, true }
	for _, c := range []struct {
		named func(string) (string, bool)
		want  string
	}{{none, ""}, {all, "test"}} {
		rt, err := parseRoute("GET", "/api/v3/test", c.named)
		if err != nil || rt.collection != c.want || rt.public != (c.want == "") {
			t.Errorf("%+v, %v; want the collection %q", rt, err, c.want)
		}
	}
}
