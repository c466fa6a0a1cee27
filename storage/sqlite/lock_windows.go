package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// lock is the claim of one process on a data directory. It ends with the process, however that ends.
type lock struct{ file *os.File }

// acquireLock relies on Windows refusing to remove a file that a process holds open.
func acquireLock(dir string) (*lock, error) {
	path := filepath.Join(dir, "nightwire.lock")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the data directory %s is in use by another server: %w", dir, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be written: %w", dir, err)
	}
	return &lock{file}, nil
}

// release gives the directory free.
func (l *lock) release() error { return l.file.Close() }
