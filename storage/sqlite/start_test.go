package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightwire/storage"
)

// note writes a document of the collection notes.
func note(identifier, text string) storage.Write {
	return storage.Write{Collection: "notes", Key: storage.Key{Identifier: identifier},
		Decide: func(s *storage.Stored, now int64) (storage.Next, error) {
			kind := storage.Create
			if s != nil {
				kind = storage.Update
			}
			doc := fmt.Sprintf(`{"identifier":%s,"text":%s,"srvModified":%d}`, storage.StringValue(identifier), storage.StringValue(text), now)
			return storage.Next{Kind: kind, Document: storage.Document(doc)}, nil
		}}
}

func apply(t *testing.T, e *Engine, group ...storage.Write) []storage.Change {
	t.Helper()
	changes, err := e.Apply(t.Context(), group...)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return changes
}

// closedDatabase makes a database with some documents, closes it, and returns its directory and file.
func closedDatabase(t *testing.T, documents int) (dir, file string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "made", "for", "it")
	e := open(t, Options{Dir: dir})
	for i := range documents {
		apply(t, e, note(fmt.Sprint(i), strings.Repeat("x", 500)))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, FileName)
}

// refuses makes sure that a directory is not opened, and that the error says all of want.
func refuses(t *testing.T, dir string, want ...string) {
	t.Helper()
	e, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		e.Close()
		t.Errorf("opened; want an error with %q", want)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestDamagedFileStopsTheStart(t *testing.T) {
	dir, file := closedDatabase(t, 50)
	intact, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 0xff; return b }
	}
	for name, damage := range map[string]func([]byte) []byte{
		"first byte":         flip(0),
		"last of the magic":  flip(14),
		"page size":          flip(16),
		"version to write":   flip(18),
		"reserved space":     flip(20),
		"payload fraction":   flip(21),
		"schema format":      flip(47),
		"first page's kind":  flip(100),
		"a page of the root": flip(4096),
		"text encoding":      flip(59),
		"cut in the header":  func(b []byte) []byte { return b[:60] },
		"cut in a page":      func(b []byte) []byte { return b[:5000] },
		"last page missing":  func(b []byte) []byte { return b[:len(b)-4096] },
		"half is missing":    func(b []byte) []byte { return b[:len(b)/8192*4096] },
		"garbage":            func(b []byte) []byte { return bytes.Repeat([]byte("garbage."), 2000) },
		"zeros":              func(b []byte) []byte { return make([]byte, len(b)) },
		"zeros after header": func(b []byte) []byte { clear(b[100:]); return b },
	} {
		t.Run(name, func(t *testing.T) {
			damaged := damage(bytes.Clone(intact))
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, file, "damaged", "backup")
			if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, damaged) {
				t.Errorf("the damaged file was changed (%v)", err)
			}
		})
	}
	if err := os.WriteFile(file, intact, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir})
}

func TestJournalThatDoesNotFitStopsTheStart(t *testing.T) {
	for name, sql := range map[string]string{
		"document changed behind the journal": `UPDATE notes SET rev = rev + 1 WHERE identifier = '9'`,
		"document lost":                       `DELETE FROM notes WHERE identifier = '9'`,
		"change lost":                         `DELETE FROM _journal WHERE seq = 8`,
		"collection lost":                     `DROP TABLE notes`,
		"epoch lost":                          `DELETE FROM _meta`,
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := closedDatabase(t, 10)
			tamper(t, file, sql)
			refuses(t, dir, file, "damaged", "backup")
		})
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"newer layout":   {`PRAGMA user_version = 3`, "version 3"},
		"other program":  {`PRAGMA application_id = 7`, "not a Nightwire database"},
		"unknown layout": {`PRAGMA user_version = 0`, "version 0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := closedDatabase(t, 1)
			tamper(t, file, c.sql)
			refuses(t, dir, file, c.want)
		})
	}
}

// tamper changes a closed database as a foreign tool would.
func tamper(t *testing.T, file, sql string) {
	t.Helper()
	conn, err := openReader(file)
	if err == nil {
		err = errors.Join(once(conn, "PRAGMA query_only = OFF"), once(conn, sql), conn.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	dir := t.TempDir()
	e := open(t, Options{Dir: dir})
	refuses(t, dir, dir, "in use by another server")
	apply(t, e, note("a", "x"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir})
}

func TestUnusableDirectoryIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, file, file, "cannot be made")
	refuses(t, filepath.Join(file, "below"), file, "cannot be made")
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	refuses(t, dir, dir, "cannot be written")
}

func TestReopenGoesOn(t *testing.T) {
	dir := t.TempDir()
	clock := time.Now()
	e := open(t, Options{Dir: dir, Now: func() time.Time { return clock }})
	first := apply(t, e, note("a", "1"), note("b", "1"))
	apply(t, e, storage.Write{Collection: "notes", Key: storage.Key{Identifier: "b"},
		Decide: func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{Kind: storage.Delete}, nil }})
	head, err := e.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(-time.Hour) // set back while the server was down
	e = open(t, Options{Dir: dir, Now: func() time.Time { return clock }})
	if again, err := e.Head(t.Context()); err != nil || again != head {
		t.Errorf("head %s, was %s (%v)", again, head, err)
	}
	next := apply(t, e, note("c", "1"))[0]
	if want := first[1].Time + 2; next.Time != want {
		t.Errorf("time %d after reopening, want %d", next.Time, want)
	}
	rest := 0
	for c, err := range e.Changes(t.Context(), first[0].Cursor) {
		if err != nil {
			t.Fatal(err)
		}
		if rest++; c.Cursor == next.Cursor {
			break
		}
	}
	if rest != 3 {
		t.Errorf("%d changes after the first, want 3", rest)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir() // made by somebody else, readable by all
	e := open(t, Options{Dir: dir})
	apply(t, e, note("a", "x"))
	if err := e.Backup(t.Context(), filepath.Join(dir, "backup.db")); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 4 {
		t.Fatalf("files %v (%v)", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", f.Name(), info.Mode(), err)
		}
	}
}

func TestCancelledStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := Open(ctx, Options{Dir: dir}); err == nil {
		t.Error("opened although the context had ended")
	}
	open(t, Options{Dir: dir})
}

// TestOlderFile: a file that an older program made gets the indexes that it lacks.
func TestOlderFile(t *testing.T) {
	dir, file := closedDatabase(t, 10)
	conn, err := openDatabase(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range unstampedBy {
		if err := once(conn, `DROP INDEX `+newTable("notes").index(unstampedIndex(index))); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	e := open(t, Options{Dir: dir})
	q := storage.Query{Filter: where("srvModified", storage.Eq, "null"), Sort: []storage.SortKey{{Path: "date"}}}
	for _, err := range e.Find(t.Context(), "notes", q) {
		if err != nil {
			t.Fatal(err)
		}
	}
}
