package sqlite

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// unavailable says that the engine cannot answer now, and for the log why.
func unavailable(cause error) error {
	return &storage.Error{Kind: storage.ErrUnavailable, Message: "the database cannot answer now", Cause: cause}
}

var errClosed = errors.New("the engine is closed")

// damaged says what to do about a database file that cannot be trusted.
func damaged(path string, cause error) error {
	return fmt.Errorf("the database file %[1]s is damaged (%[2]w). Nothing was changed. Keep a copy of it, then put a backup in its place "+
		"(without the files %[1]s-wal and %[1]s-shm), or move all three away to begin with an empty database", path, cause)
}

// refusal is the failure of one group of writes, that leaves the others of its transaction unharmed.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// refusalOf makes a refusal of those errors of SQLite that are about the values of one write.
func refusalOf(err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultConstraint:
		return refusal{&storage.Error{Kind: storage.ErrTaken, Message: "Another document has this identifier or _id", Cause: err}}
	case sqlite.ResultTooBig:
		return refusal{&storage.Error{Kind: storage.ErrTooLarge, Message: "the document is too large", Cause: err}}
	default:
		return err
	}
}
