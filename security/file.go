package security

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// NewJWTKey is a fresh key for signing JSON web tokens: 2048 hexadecimal digits.
func NewJWTKey() string { return randomHex(1024) }

// NewAPISecret is a fresh API_SECRET: 32 hexadecimal digits.
func NewAPISecret() string { return randomHex(16) }

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails: it ends the process instead
	return hex.EncodeToString(b)
}

// LoadOrCreate reads a secret that is kept in a file or, when there is no such file, keeps the generated one there, with
// mode 0600. created tells which. After a crash the file is whole or absent.
func LoadOrCreate(path string, generate func() string) (secret string, created bool, err error) {
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		secret = generate()
		return secret, true, writeSecret(path, secret)
	case err != nil:
		return "", false, fmt.Errorf("reading a secret: %w", err)
	}
	secret = strings.TrimSpace(string(content))
	if secret == "" {
		return "", false, fmt.Errorf("the file %s should hold a secret and is empty; remove it to have a new one made", path)
	}
	return secret, false, nil
}

// writeSecret puts the file in its place in one step, and makes it and its name durable.
func writeSecret(path, secret string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("keeping a secret: %w", err)
	}
	_, err = temporary.WriteString(secret + "\n")
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keeping a secret: %w", err), os.Remove(temporary.Name()))
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keeping a secret: %w", err)
	}
	if err := errors.Join(directory.Sync(), directory.Close()); err != nil {
		return fmt.Errorf("keeping a secret: %w", err)
	}
	return nil
}
