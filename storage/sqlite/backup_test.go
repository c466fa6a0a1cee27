package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"nightwire/storage"
)

func TestBackup(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	for i := range 100 {
		apply(t, e, note(fmt.Sprint(i), "x"))
	}
	restored := t.TempDir()
	file := filepath.Join(restored, FileName)
	if err := e.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	later := apply(t, e, note("later", "x"))[0]
	if err := e.Backup(t.Context(), file); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second backup into one file: %v", err)
	}
	copied := open(t, Options{Dir: restored})
	if s, err := copied.Get(t.Context(), "notes", storage.Key{Identifier: "99"}); err != nil || s.Document.Get("text") != `"x"` {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := copied.Get(t.Context(), "notes", storage.Key{Identifier: "later"}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a later document is in the backup: %v", err)
	}
	apply(t, copied, note("other", "x"))
	if err := firstError(t, copied, later.Cursor); !errors.Is(err, storage.ErrGap) {
		t.Errorf("a cursor from after the backup: %v", err)
	}
}

func TestBackupGivenUp(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if err := e.Backup(ctx, filepath.Join(dir, "b")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
