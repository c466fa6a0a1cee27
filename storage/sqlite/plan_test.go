package sqlite

import (
	"fmt"
	"slices"
	"testing"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

func where(path string, op storage.Op, v storage.Value) storage.Filter {
	return storage.Filter{Op: op, Path: path, Value: v}
}

func all(filters ...storage.Filter) storage.Filter { return storage.Filter{All: filters} }

// planned is a query with the plan that it should have.
type planned struct {
	what   string
	filter storage.Filter
	sort   []storage.SortKey
	odd    oddSet
	want   string // index, conditions, order
}

func (c planned) check(t *testing.T) {
	t.Helper()
	p := planFor(storage.Query{Filter: c.filter, Sort: c.sort, Limit: 10}, c.odd)
	got := fmt.Sprint(p.where, " ")
	if p.index != "" {
		got = p.index + " " + got
	}
	if p.order >= 0 {
		got += columns[p.order].name
	}
	if p.desc {
		got += " desc"
	}
	if got != c.want {
		t.Errorf("%s: %s, want %s", c.what, got, c.want)
	}
}

// TestPlans: what clients ask again and again is read through an index.
func TestPlans(t *testing.T) {
	valid := where("isValid", storage.Ne, "false")
	byDefault := []storage.SortKey{{Path: "identifier"}, {Path: "created_at"}, {Path: "date"}}
	newest := []storage.SortKey{{Path: "date", Desc: true}, {Path: "identifier", Desc: true}}
	history := []storage.SortKey{{Path: "srvModified"}, {Path: "date"}, {Path: "identifier"}}
	for _, c := range []planned{
		{"everything", valid, nil, 0, `[] `},
		{"the default order", valid, byDefault, 0, `identifier [] identifier`},
		{"the newest", valid, newest, 0, `date [] date desc`},
		{"the newest, when a date is a text", valid, newest, 1 << date, `[] `},
		{"a day", all(valid, where("date", storage.Gte, "1"), where("date", storage.Lt, "2")), newest, 0, `date ["date" >= ?1 "date" < ?2] date desc`},
		{"a day in the default order", all(valid, where("date", storage.Gte, "1"), where("date", storage.Lt, "2")), byDefault, 0, `date ["date" >= ?1 "date" < ?2] `},
		{"history", where("srvModified", storage.Gt, "5"), history, 0, `srvModified ["srvModified" > ?1] srvModified`},
		{"history of other programs' documents", all(where("srvModified", storage.Eq, "null"), where("date", storage.Gte, "5"), where("date", storage.Lt, "9")), []storage.SortKey{{Path: "date"}}, 0,
			`unstamped_date ["date" >= ?1 "date" < ?2 "srvModified" IS NULL] date`},
		{"the same by text", all(where("srvModified", storage.Eq, "null"), where("created_at", storage.Gte, `"5"`)), []storage.SortKey{{Path: "created_at"}}, 0,
			`unstamped_created_at ["created_at" >= ?1 "srvModified" IS NULL] created_at`},
		{"the same where a date is odd", all(where("srvModified", storage.Eq, "null"), where("date", storage.Gte, "5")), []storage.SortKey{{Path: "date"}}, 1 << date,
			`srvModified ["srvModified" IS NULL] `},
		{"the same where a srvModified is odd", all(where("srvModified", storage.Eq, "null"), where("date", storage.Gte, "5")), []storage.SortKey{{Path: "date"}}, 1 << srvModified,
			`date ["date" >= ?1] date`},
		{"one identifier", all(where("identifier", storage.Eq, `"a"`), where("date", storage.Gt, "5")), newest, 0, `identifier ["identifier" = ?1] `},
		{"identifiers", storage.Filter{Op: storage.In, Path: "identifier", List: []storage.Value{`"a"`, `"b"`}}, nil, 0,
			`identifier ["identifier" IN (SELECT value FROM json_each(?1))] `},
		{"the last of an event type", where("eventType", storage.Eq, `"a"`), []storage.SortKey{{Path: "created_at", Desc: true}}, 0,
			`eventType ["eventType" = ?1] created_at desc`},
		{"a date is no text", where("date", storage.Gt, `"5"`), nil, 0, `date ["date" = NULL] `},
		{"an event type is no number", all(where("identifier", storage.Eq, `"a"`), where("eventType", storage.Eq, "5")), newest, 0, `eventType ["eventType" = NULL] `},
		{"a date that may be text", where("date", storage.Gt, `"5"`), nil, 1 << date, `[] `},
		{"a date that is not text", where("date", storage.Ne, `"5"`), nil, 0, `[] `},
		{"null is in no index", where("date", storage.Eq, "null"), nil, 0, `[] `},
		{"negations narrow nothing", where("date", storage.Ne, "5"), nil, 0, `[] `},
		{"alternatives narrow nothing", storage.Filter{Op: storage.Or, All: []storage.Filter{where("date", storage.Eq, "5")}}, nil, 0, `[] `},
		{"equality before a range", all(where("date", storage.Gt, "5"), where("created_at", storage.Eq, `"x"`)), nil, 0, `created_at ["created_at" = ?1] `},
	} {
		c.check(t)
	}
}

// TestScanStopsAtTheLimit: a page costs what is on it, not what lies behind it.
func TestScanStopsAtTheLimit(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	for i := range 50 {
		apply(t, e, putReading(i))
	}
	q := storage.Query{Sort: []storage.SortKey{{Path: "date"}, {Path: "sgv"}}, Limit: 10}
	err := e.read(t.Context(), func(conn *sqlite.Conn) error {
		p := planFor(q, 0)
		stmt, err := p.prepare(conn, e.table("entries"), "doc", "")
		if err != nil {
			return err
		}
		var got []string
		s := newSorter(q, false, func(d storage.Document) bool { got = append(got, d.Identifier()); return true })
		if err := scan(stmt, p, &q, s); err != nil {
			return err
		}
		if len(got) != 10 || !slices.Contains(got, readingID(9)) {
			t.Errorf("found %v", got)
		}
		if _, err := stmt.Step(); err != nil {
			return err
		}
		if next := storage.Document(stmt.ColumnText(0)).Identifier(); next != readingID(11) {
			t.Errorf("reading stopped before %s, want %s", next, readingID(11))
		}
		return stmt.Reset()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriterPragmas(t *testing.T) {
	conn, err := openDatabase(t.Context(), t.TempDir()+"/"+FileName)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "application_id": fmt.Sprint(applicationID)} {
		if got, err := ask(conn, "PRAGMA "+name); err != nil || got != want {
			t.Errorf("%s is %s (%v)", name, got, err)
		}
	}
	if err := pragma(conn, "page_size", "1024", "1024"); err == nil {
		t.Error("a pragma that did not take is not noticed")
	}
}
