//go:build !windows

package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock is the claim of one process on a data directory. It ends with the process, however that ends.
type lock struct{ file *os.File }

func acquireLock(dir string) (*lock, error) {
	path := filepath.Join(dir, "nightwire.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be written: %w", dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("the data directory %s is in use by another server: %w", dir, err)
	}
	return &lock{file}, nil
}

// release gives the directory free. The file stays: removing it would let two processes lock two files of one name.
func (l *lock) release() error { return l.file.Close() }
