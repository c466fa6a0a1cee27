package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// numbered writes a document of the collection things with a field id, without one when the id is "". It is called by its
// place, so that an id can change.
func numbered(i int, id storage.Value) storage.Write {
	return storage.Write{Collection: "things", Key: storage.Key{Identifier: fmt.Sprint(i)},
		Decide: func(s *storage.Stored, now int64) (storage.Next, error) {
			kind := storage.Create
			if s != nil {
				kind = storage.Update
			}
			return storage.Next{Kind: kind, Document: numberedDocument(i, id, now)}, nil
		}}
}

func numberedDocument(i int, id storage.Value, now int64) storage.Document {
	d := &storage.Draft{}
	d.Set("identifier", storage.StringValue(fmt.Sprint(i)))
	d.Set("srvModified", storage.IntValue(now))
	if id != "" {
		d.Set("id", id)
	}
	return d.Document()
}

func identifiers(t *testing.T, e *Engine, q storage.Query) (found []string) {
	t.Helper()
	for doc, err := range e.Find(t.Context(), "things", q) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, doc.Identifier())
	}
	return found
}

// plain asks for a page as /websocket does by default.
func plain(limit int) storage.Query {
	return storage.Query{Sort: []storage.SortKey{{Path: "id"}, {Path: "identifier"}}, Limit: limit}
}

// TestPlansByNumber: ids of counted collections are read through their index, as dates are.
func TestPlansByNumber(t *testing.T) {
	valid := where("isValid", storage.Ne, "false")
	byID := plain(0).Sort
	for _, c := range []planned{
		{"counted ids", valid, byID, 0, `number [] number`},
		{"the last counted id", all(where("id", storage.Gt, "0"), where("id", storage.Lte, "9")), []storage.SortKey{{Path: "id", Desc: true}}, 0,
			`number ["number" > ?1 "number" <= ?2] number desc`},
		{"one counted id", all(valid, where("id", storage.Eq, "5")), byID, 0, `number ["number" = ?1] number`},
		{"counted ids in any order", storage.Filter{Op: storage.In, Path: "id", List: []storage.Value{"5", "7"}}, []storage.SortKey{{Path: "identifier"}}, 0,
			`number ["number" IN (SELECT value FROM json_each(?1))] `},
		{"a counted id before a date", all(where("date", storage.Eq, "5"), where("id", storage.Eq, "5")), nil, 0, `number ["number" = ?1] `},
		{"ids, where one is a text", all(valid, where("id", storage.Gt, "5")), byID, 1 << number, `[] `},
		{"an id is no text", where("id", storage.Eq, `"5"`), byID, 0, `number ["number" = NULL] `},
		{"a field in id, and the column's name, are other paths", all(where("id.x", storage.Eq, "5"), where("number", storage.Eq, "5")), nil, 0, `[] `},
	} {
		c.check(t)
	}
}

// TestPageByNumber: a page in the order of the counted ids costs what is on it, wherever it lies.
func TestPageByNumber(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	for i := range 50 {
		apply(t, e, numbered(i, storage.IntValue(int64(100-i))))
	}
	q := plain(10)
	q.Filter = where("id", storage.Gt, "60")
	err := e.read(t.Context(), func(conn *sqlite.Conn) error {
		odd, err := readOdd(conn, "things")
		if err != nil {
			return err
		}
		p := planFor(q, odd)
		stmt, err := p.prepare(conn, e.table("things"), "doc", "")
		if err != nil {
			return err
		}
		var got []string
		s := newSorter(q, false, func(d storage.Document) bool { got = append(got, string(d.Get("id"))); return true })
		if err := scan(stmt, p, &q, s); err != nil {
			return err
		}
		if want := "[61 62 63 64 65 66 67 68 69 70]"; fmt.Sprint(got) != want {
			t.Errorf("found %v, want %s", got, want)
		}
		if _, err := stmt.Step(); err != nil {
			return err
		}
		if next := storage.Document(stmt.ColumnText(0)).Get("id"); next != "72" {
			t.Errorf("reading stopped before %s, want 72", next)
		}
		return stmt.Reset()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOddNumber: a single id that is a text ends the use of the column, and what is found stays right.
func TestOddNumber(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	apply(t, e, numbered(1, "2"), numbered(2, ""), numbered(3, "1"))
	if got := fmt.Sprint(identifiers(t, e, plain(10))); got != "[2 3 1]" {
		t.Errorf("in order: %s", got)
	}
	apply(t, e, numbered(4, `"0"`))
	if slow, err := e.Unindexed(t.Context(), "things", plain(10)); fmt.Sprint(slow) != "[id]" || err != nil {
		t.Errorf("not indexed: %v (%v)", slow, err)
	}
	if got := fmt.Sprint(identifiers(t, e, plain(10))); got != "[2 3 1 4]" {
		t.Errorf("in order with a text: %s", got)
	}
	text := storage.Query{Filter: where("id", storage.Eq, `"0"`)}
	if got := fmt.Sprint(identifiers(t, e, text)); got != "[4]" {
		t.Errorf("by the text: %s", got)
	}
}

// ids are values that a field id has in documents, those of even collections first.
var ids = []storage.Value{"", "null", "0", "-0", "1", "1.0", "2", "7", "7.5", "-3", "1e3", "1000", "9007199254740991",
	"9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808.0", "1e300", `"7"`, "[7]", "true", `{"a":7}`}

const evenIDs = 18

// TestNumbersAgainstAScan: queries by id find what looking at each document finds, in tables of all kinds.
func TestNumbersAgainstAScan(t *testing.T) {
	for name, c := range map[string]struct {
		dir   string
		ids   int
		width int
	}{
		"even":              {t.TempDir(), evenIDs, columnCount},
		"odd":               {t.TempDir(), len(ids), columnCount},
		"older file":        {olderFile(t), evenIDs, firstColumns},
		"older file is odd": {olderFile(t), len(ids), firstColumns},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, 7))
			e := open(t, Options{Dir: c.dir})
			for i := range 300 { // some of them twice, so that ids change
				apply(t, e, numbered(random.IntN(200), ids[(i+random.IntN(2))%c.ids]))
			}
			if w := e.table("things").width; w != c.width {
				t.Fatalf("the table has %d columns, want %d", w, c.width)
			}
			var docs []storage.Document
			for d, err := range e.Dump(t.Context(), "things") {
				if err != nil {
					t.Fatal(err)
				}
				docs = append(docs, d.Document)
			}
			for range 1000 {
				compareWithScan(t, e, docs, randomByNumber(random))
			}
			if found := flaws(t, e); found != "" {
				t.Errorf("flaws: %s", found)
			}
		})
	}
}

func randomByNumber(random *rand.Rand) storage.Query {
	q := storage.Query{Skip: random.IntN(5), Limit: random.IntN(30)}
	q.Sort = []storage.SortKey{{Path: "id", Desc: random.IntN(2) == 0}, {Path: "identifier"}}
	if random.IntN(4) == 0 {
		q.Sort = q.Sort[1:]
	}
	operators := []storage.Op{storage.Eq, storage.Ne, storage.Gt, storage.Gte, storage.Lt, storage.Lte, storage.In, storage.Nin, storage.Exists}
	for range random.IntN(3) {
		f := where("id", operators[random.IntN(len(operators))], max(ids[random.IntN(len(ids))], "null"))
		switch f.Op {
		case storage.In, storage.Nin:
			f.List = []storage.Value{f.Value, "7", "1"}
		case storage.Exists:
			f.Value = storage.BoolValue(random.IntN(2) == 0)
		}
		q.Filter.All = append(q.Filter.All, f)
	}
	return q
}

func compareWithScan(t *testing.T, e *Engine, docs []storage.Document, q storage.Query) {
	t.Helper()
	var matching []storage.Document
	for _, d := range docs {
		if q.Filter.Match(d) {
			matching = append(matching, d)
		}
	}
	slices.SortStableFunc(matching, q.Compare)
	matching = matching[min(q.Skip, len(matching)):]
	if q.Limit > 0 {
		matching = matching[:min(q.Limit, len(matching))]
	}
	var want []string
	for _, d := range matching {
		want = append(want, d.Identifier())
	}
	if got := identifiers(t, e, q); !slices.Equal(got, want) {
		t.Errorf("%+v:\nfound %v\nwant  %v", q, got, want)
	}
}

// olderFile is the directory of a file that a program of the first version left, with three documents in things.
func olderFile(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	conn, err := openDatabase(t.Context(), filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	err = script(conn,
		`CREATE TABLE "things" (n INTEGER PRIMARY KEY, "identifier" TEXT NOT NULL, "srvModified" ANY, "date" ANY, "created_at" TEXT,
			"eventType" TEXT, rev INTEGER NOT NULL, own INTEGER NOT NULL, doc TEXT NOT NULL, id TEXT) STRICT`,
		`CREATE UNIQUE INDEX "things.id" ON "things" (id) WHERE id IS NOT NULL`,
		`CREATE INDEX "things.foreign" ON "things" (own) WHERE own = 0`,
		`CREATE UNIQUE INDEX "things.identifier" ON "things" (identifier)`,
		`CREATE INDEX "things.srvModified" ON "things" ("srvModified")`,
		`CREATE INDEX "things.date" ON "things" ("date")`,
		`CREATE INDEX "things.created_at" ON "things" ("created_at")`,
		`CREATE INDEX "things.eventType" ON "things" ("eventType", "created_at") WHERE "eventType" IS NOT NULL`,
		`INSERT INTO things (identifier, "srvModified", rev, own, doc) VALUES
			('1', 5, 1, 1, '{"identifier":"1","srvModified":5,"id":2}'),
			('2', 6, 1, 1, '{"identifier":"2","srvModified":6,"id":"text"}'),
			('3', 7, 1, 1, '{"identifier":"3","srvModified":7,"id":1}')`,
		fmt.Sprintf(`INSERT INTO _collections (name, clock, odd) VALUES ('things', 7, %d)`, 1<<date),
		`PRAGMA user_version = 1`)
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFirstVersionsFile: a file of the first version is taken over as it is, and what is made in it from then on has the
// column.
func TestFirstVersionsFile(t *testing.T) {
	dir := olderFile(t)
	e := open(t, Options{Dir: dir})
	if got := fmt.Sprint(identifiers(t, e, plain(9))); got != "[3 1 2]" {
		t.Errorf("before the first write, in order: %s", got)
	}
	apply(t, e, numbered(4, "1.5"), numbered(1, "3"))
	apply(t, e, storage.Write{Collection: "new", Decide: func(_ *storage.Stored, now int64) (storage.Next, error) {
		return storage.Next{Kind: storage.Create, Document: numberedDocument(1, "1", now)}, nil
	}})
	for range 2 {
		if got := fmt.Sprint(identifiers(t, e, plain(3))); got != "[3 4 1]" {
			t.Errorf("in order: %s", got)
		}
		if found := flaws(t, e); found != "" {
			t.Errorf("flaws: %s", found)
		}
		err := e.read(t.Context(), func(conn *sqlite.Conn) error {
			was, err := readOdd(conn, "things")
			made, err2 := readOdd(conn, "new")
			version, err3 := ask(conn, "PRAGMA user_version")
			if was != 1<<date|1<<number || made != 0 || version != fmt.Sprint(schemaVersion) {
				t.Errorf("odd are %b and %b, the version is %s", was, made, version)
			}
			return errors.Join(err, err2, err3)
		})
		if err != nil {
			t.Error(err)
		}
		if w := [2]int{e.table("things").width, e.table("new").width}; w != [2]int{firstColumns, columnCount} {
			t.Errorf("the tables have %v columns", w)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = open(t, Options{Dir: dir})
	}
}
