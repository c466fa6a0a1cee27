package users

import (
	"errors"
	"regexp"

	"nightwire/security"
	"nightwire/storage"
)

// refusal is an error in the words that its sender is told.
type refusal string

// Error is what is told.
func (r refusal) Error() string { return string(r) }

// The refusals of a meta request, in the original's words.
const (
	errNoName      refusal = "Error: Please enter a valid username"
	errBadName     refusal = "Error: Please only use alpha numeric characters for your username"
	errPermission  refusal = "You do not have permission to make this request"
	errUnavailable refusal = "Error: Service unavailable"
)

// letters are the names that the original's users may have, and e-mail addresses.
var letters = regexp.MustCompile(`^(?:[0-9A-Za-z]+|[^\s@"<>()\[\],;:\\]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+)$`)

// refusalOf is an error about the meta of somebody, in words.
func refusalOf(err error, username string) refusal {
	var worded refusal
	var told *storage.Error
	switch {
	case errors.As(err, &worded):
		return worded
	case errors.Is(err, security.ErrForbidden):
		return errPermission
	case errors.Is(err, storage.ErrNotFound):
		return refusal("Could not find user " + username)
	case errors.As(err, &told):
		return refusal("Error: " + told.Message)
	default:
		return errUnavailable
	}
}
