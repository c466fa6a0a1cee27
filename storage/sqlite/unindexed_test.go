package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

func TestUnindexed(t *testing.T) {
	note := where("notes", storage.Regexp, "")
	day := where("date", storage.Gt, "5")
	for _, c := range []struct {
		what   string
		filter storage.Filter
		sort   string
		odd    oddSet
		want   string
	}{
		{"nothing asked", storage.Filter{}, "", 0, "[]"},
		{"a range", day, "date", 0, "[]"},
		{"two fields, one twice", all(note, where("sgv", storage.Gt, "5"), note, day), "", 0, "[notes sgv]"},
		{"operators that narrow nothing", all(where("date", storage.Ne, "5"), where("identifier", storage.Regexp, "")), "", 0, "[date identifier]"},
		{"another type, of which there is nothing to read", where("date", storage.Gt, `"5"`), "", 0, "[]"},
		{"alternatives", storage.Filter{Op: storage.Or, All: []storage.Filter{day, all(note, day)}}, "", 0, "[date notes]"},
		{"an order", day, "sgv", 0, "[sgv]"},
		{"counted ids", where("id", storage.Gt, "5"), "id", 0, "[]"},
		{"odd ids", where("id", storage.Gt, "5"), "id", 1 << number, "[id]"},
		{"an odd column", day, "date", 1 << date, "[date]"},
	} {
		q := storage.Query{Filter: c.filter}
		if c.sort != "" {
			q.Sort = []storage.SortKey{{Path: c.sort}, {Path: "identifier"}}
		}
		if got := fmt.Sprint(unindexed(q, c.odd)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	e := open(t, Options{Dir: t.TempDir()})
	apply(t, e, putReading(1))
	got, err := e.Unindexed(t.Context(), "entries", storage.Query{Filter: note})
	if fmt.Sprint(got) != "[notes]" || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// A scan under way ends with its context.
func TestScanEndsWithItsContext(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	for i := range 20 {
		apply(t, e, putReading(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := e.read(ctx, func(conn *sqlite.Conn) error {
		p := planFor(storage.Query{}, 0)
		stmt, err := p.prepare(conn, e.table("entries"), "doc", "")
		if err != nil {
			return err
		}
		rows := 0
		s := newSorter(storage.Query{}, false, func(storage.Document) bool { rows++; cancel(); return true })
		err = scan(stmt, p, &storage.Query{}, s)
		if rows != 1 {
			t.Errorf("%d rows were read", rows)
		}
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
