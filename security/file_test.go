package security

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwt.key")
	first, created, err := LoadOrCreate(path, NewJWTKey)
	if err != nil || !created || len(first) != 2048 {
		t.Fatalf("%d characters, created %v, %v", len(first), created, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	again, created, err := LoadOrCreate(path, NewJWTKey)
	if err != nil || created || again != first {
		t.Errorf("second time: created %v, %v, same %v", created, err, again == first)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

func TestLoadOrCreateRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, filepath.Join(empty, "below-a-file"), filepath.Join(t.TempDir(), "no", "such", "folder"), t.TempDir()} {
		if secret, _, err := LoadOrCreate(path, NewAPISecret); err == nil {
			t.Errorf("%s: got a secret of %d characters", path, len(secret))
		}
	}
}
