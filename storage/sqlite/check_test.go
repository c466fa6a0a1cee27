package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"nightwire/storage"
)

// flaws are what Check finds, as one text.
func flaws(t *testing.T, e *Engine) string {
	t.Helper()
	var found []string
	err := e.Check(t.Context(), func(f storage.Flaw) bool {
		if f.Remedy == "" {
			t.Errorf("%+v names no remedy", f)
		}
		found = append(found, f.Where+": "+f.What)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, "\n")
}

// checked is an engine with documents of all sorts, in whose file a statement was executed while it was closed.
func checked(t *testing.T, sql string) *Engine {
	t.Helper()
	dir, file := closedDatabase(t, 5)
	e := open(t, Options{Dir: dir})
	for i, doc := range []string{
		`{"identifier":"full","srvModified":1.5,"date":5,"created_at":"x\ud800é","eventType":"y","id":7}`,
		`{"identifier":"empty","date":null}`,
		`{"identifier":"odd","date":"text","eventType":[1]}`,
		`{"v":1}`,
	} {
		apply(t, e, storage.Write{Collection: "kinds", Decide: func(*storage.Stored, int64) (storage.Next, error) {
			return storage.Next{Kind: storage.Create, Document: storage.Document(doc), ID: fmt.Sprint("id ", i)}, nil
		}})
	}
	if err := e.Publish(t.Context(), storage.Message{Channel: "live:room", Body: "{}"}); err != nil {
		t.Fatal(err)
	}
	var later []storage.Write // beyond which the start does not look
	for i := range tailLength + 1 {
		later = append(later, note("later", fmt.Sprint(i)))
	}
	apply(t, e, later...)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := openDatabase(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if sql != "" {
		if err := once(conn, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, Options{Dir: dir})
}

func TestCheck(t *testing.T) {
	of := func(id string) string { return fmt.Sprintf(` WHERE identifier = '%s'`, id) }
	for sql, want := range map[string]string{
		``: ``,
		`UPDATE kinds SET doc = replace(doc, '5,', '5 ,')` + of("full"): `not written as the program`,
		`UPDATE kinds SET doc = 'x'` + of("empty"):                      `it is no JSON`,
		`UPDATE kinds SET doc = '[]'` + of("empty"):                     `not written as the program`,
		`UPDATE kinds SET date = 6` + of("full"):                        `"full": the column date does not agree`,
		`UPDATE kinds SET date = 5.0` + of("full"):                      `"full": the column date does not agree`,
		`UPDATE kinds SET "srvModified" = 1` + of("full"):               `the column srvModified does not agree`,
		`UPDATE kinds SET created_at = NULL` + of("full"):               `the column created_at does not agree`,
		`UPDATE kinds SET "eventType" = 'y'` + of("empty"):              `the column eventType does not agree`,
		`UPDATE kinds SET number = NULL` + of("full"):                   `the column number does not agree`,
		`UPDATE kinds SET number = 1` + of("odd"):                       `the column number does not agree`,
		`UPDATE kinds SET identifier = 'other'` + of("empty"):           `"other": the column identifier does not agree`,
		`UPDATE kinds SET rev = 0` + of("empty"):                        `revision 0`,
		`UPDATE kinds SET id = NULL WHERE own = 0`:                      `neither an identifier of its own nor an _id`,
		`UPDATE _collections SET odd = 0`:                               `"odd": a field has a type`,
		`UPDATE _collections SET clock = 5 WHERE name = 'notes'`:        `notes: its clock stands at`,
		`DELETE FROM _journal WHERE seq = 3`:                            `changes 3 to 3 are missing`,
		`UPDATE _journal SET total = 1 WHERE seq = 5`:                   `does not add to the journal's size`,
		`UPDATE _journal SET grp = 9 WHERE seq = 5`:                     `belongs to a later one`,
		`UPDATE _journal SET kind = 'x' WHERE seq = 5`:                  `unknown kind "x"`,
	} {
		if got := flaws(t, checked(t, sql)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s:\n%s\nwant %q", sql, got, want)
		}
	}
}

// What is wrong far back in the journal, where the start does not look, is found.
func TestCheckOldChanges(t *testing.T) {
	dir, file := closedDatabase(t, 3*tailLength)
	conn, err := openDatabase(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := once(conn, `UPDATE _journal SET after = '{"identifier":"1"}' WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	e := open(t, Options{Dir: dir})
	if got := flaws(t, e); got != "journal: change 2 of the journal does not fit its document" {
		t.Errorf("found %q", got)
	}
	n := 0
	err = e.Check(t.Context(), func(storage.Flaw) bool { n++; return false })
	if err != nil || n != 1 {
		t.Errorf("stopped after %d flaws, %v", n, err)
	}
}
