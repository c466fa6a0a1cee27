package mongotest

import (
	"bytes"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
	"nightwire/storage/archive"
	"nightwire/storage/sqlite"
)

func exported(t *testing.T, from archive.Source) (lines []string) {
	t.Helper()
	var out bytes.Buffer
	if _, err := archive.Export(t.Context(), &out, from, func(string, int) {}); err != nil {
		t.Fatal(err)
	}
	return strings.Split(out.String(), "\n")[1:] // the first names the source
}

func imported(t *testing.T, to storage.Engine, lines []string) archive.Report {
	t.Helper()
	text := `{"format":"nightwire-export","version":1}` + "\n" + strings.Join(lines, "\n")
	report, err := archive.Import(t.Context(), strings.NewReader(text), to, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func embedded(t *testing.T) *sqlite.Engine {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// The database of a Nightscout moves to the embedded engine and back, with every _id; what else the Nightscout keeps stays
// where it is. A second import changes nothing.
func TestMovingANightscout(t *testing.T) {
	uri, db := freshDatabase(t)
	nightscout(t, db)
	if _, err := db.Collection("activity").InsertOne(t.Context(), bson.D{{Key: "steps", Value: 5}}); err != nil {
		t.Fatal(err)
	}
	there := exported(t, open(t, uri))
	if len(there) < 5 || strings.Contains(strings.Join(there, "\n"), `"activity"`) {
		t.Fatalf("exported %q", there)
	}
	between := embedded(t)
	n := len(there) - 2 // the end, and the empty line behind it
	if report := imported(t, between, there); report.Written != n {
		t.Errorf("%d lines: %+v", n, report)
	}
	if got := exported(t, between); strings.Join(got, "\n") != strings.Join(there, "\n") {
		t.Errorf("from the embedded engine:\n%s\nwas:\n%s", strings.Join(got, "\n"), strings.Join(there, "\n"))
	}
	otherURI, _ := freshDatabase(t)
	back := open(t, otherURI)
	for i := range 2 {
		report := imported(t, back, there)
		if i == 0 && report.Written != n || i == 1 && report.Equal != n {
			t.Errorf("import %d of %d lines: %+v", i+1, n, report)
		}
	}
	if got := exported(t, back); strings.Join(got, "\n") != strings.Join(there, "\n") {
		t.Errorf("back in a MongoDB:\n%s\nwas:\n%s", strings.Join(got, "\n"), strings.Join(there, "\n"))
	}
}

// Check names shared identifiers, and what it lacks because of them.
func TestCheck(t *testing.T) {
	uri, _ := freshDatabase(t)
	found := func() string {
		var lines []string
		err := open(t, uri).Check(t.Context(), func(f storage.Flaw) bool {
			lines = append(lines, f.Where+": "+f.What+"; "+f.Remedy)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	if got := found(); got != "" {
		t.Errorf("a fresh database: %s", got)
	}
	other, db := freshDatabase(t)
	uri = other
	for range 2 {
		if _, err := db.Collection("entries").InsertOne(t.Context(), bson.D{{Key: "identifier", Value: "twice"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Collection("food").InsertOne(t.Context(), bson.D{{Key: "$set", Value: 1}}); err != nil {
		t.Logf("no names with $ on this server: %v", err)
	} else if got := found(); !strings.Contains(got, "must not start with $") {
		t.Errorf("a name that no document may have: %s", got)
	}
	if got := found(); !strings.Contains(got, `the identifier "twice"`) || !strings.Contains(got, "not kept unique") {
		t.Errorf("shared identifiers: %s", got)
	}
}
