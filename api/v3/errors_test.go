package v3

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// The table has an entry for every sentinel of storage and security, and only what is in none is internal.
func TestOutcomes(t *testing.T) {
	for _, kind := range []error{
		storage.ErrInvalid, storage.ErrNotFound, storage.ErrGone, storage.ErrConflict, storage.ErrTaken, storage.ErrPrecondition, storage.ErrReadOnly,
		storage.ErrTooLarge, storage.ErrGap, storage.ErrUnavailable, storage.ErrSlow,
		security.ErrUnauthenticated, security.ErrForbidden, security.ErrInvalid, security.ErrUnavailable,
	} {
		if o := outcomeOf(fmt.Errorf("while working: %w", kind)); o.status == http.StatusInternalServerError {
			t.Errorf("%v has no entry", kind)
		}
	}
	if o := outcomeOf(errors.New("disk on fire")); o.status != 500 || o.message != "Internal Server Error" {
		t.Errorf("internal: %+v", o)
	}
}

// The cause of an error is for the log.
func TestCausesAreNotShown(t *testing.T) {
	for _, err := range []error{
		&storage.Error{Kind: storage.ErrUnavailable, Message: "secret detail", Cause: errors.New("secret detail")},
		fmt.Errorf("secret detail: %w", storage.ErrNotFound),
	} {
		if o := outcomeOf(err); o.message == "secret detail" {
			t.Errorf("%v shows %q", err, o.message)
		}
	}
}
