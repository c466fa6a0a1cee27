package storage

import (
	"errors"
	"fmt"
)

// The ways in which an operation on documents can fail. Every error of this package and of the engines wraps exactly one
// of these, or is internal; each face has one table from them to its wire form.
var (
	// ErrInvalid is a request that breaks a rule of documents or queries; its message may be shown to the client.
	ErrInvalid = errors.New("invalid")
	// ErrUngrouped is a group of writes on an engine that cannot make several durable in one step. It is an ErrInvalid.
	ErrUngrouped = fmt.Errorf("no groups: %w", ErrInvalid)
	// ErrNotFound is a document or collection that does not exist.
	ErrNotFound = errors.New("not found")
	// ErrGone is a document that was deleted and is kept as a tombstone (isValid false).
	ErrGone = errors.New("gone")
	// ErrConflict is a write that lost against another one and was not retried any further.
	ErrConflict = errors.New("conflict")
	// ErrTaken is a write of an identifier or _id that another document has. It is an ErrConflict that no repetition solves.
	ErrTaken = fmt.Errorf("taken: %w", ErrConflict)
	// ErrReserved is a name that is a table's or the program's own and no topic's. It is an ErrInvalid.
	ErrReserved = fmt.Errorf("reserved: %w", ErrInvalid)
	// ErrPrecondition is a write whose If-Unmodified-Since no longer holds.
	ErrPrecondition = errors.New("precondition failed")
	// ErrReadOnly is a write to a document that is marked read-only.
	ErrReadOnly = errors.New("read-only document")
	// ErrTooLarge is a document over the size limit.
	ErrTooLarge = errors.New("too large")
	// ErrGap is a cursor whose following changes are no longer, or never were, in the journal.
	ErrGap = errors.New("history gap")
	// ErrUnavailable is an engine that cannot answer now: full disk, database away, shutting down.
	ErrUnavailable = errors.New("unavailable")
	// ErrSlow is a search that was given up at its time limit. It is an ErrUnavailable whose message tells what to do.
	ErrSlow = fmt.Errorf("too slow: %w", ErrUnavailable)
)

// Error is a failure of one of the kinds above with the text a client is shown.
type Error struct {
	Kind    error  // one of the sentinels of this package
	Message string // shown to clients, so it holds no internals
	Cause   error  // for the log; may be nil
}

// Error returns the text for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%v: %s: %v", e.Kind, e.Message, e.Cause)
	}
	return fmt.Sprintf("%v: %s", e.Kind, e.Message)
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Cause} }

// Invalid returns an ErrInvalid with a formatted message for the client.
func Invalid(format string, args ...any) error {
	return &Error{Kind: ErrInvalid, Message: fmt.Sprintf(format, args...)}
}
